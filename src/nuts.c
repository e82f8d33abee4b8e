#include "nuts.h"
#include "dense.h"
#include <math.h>
#include <string.h>

struct point {
    double *q, *p, *g; /* position, momentum, gradient of log density; d each */
    double value;      /* log density */
};

struct sampler {
    const struct nuts_settings *s;
    const struct target *t;
    const struct noise *u;
    int d;
    double size, start; /* step size; energy at the start */
    struct point z;     /* the moving end */
    double *levels;     /* 8 d doubles a level of the tree */
    double sum_accept;
    int leapfrogs, divergent;
};

/* Velocity (metric * p) and momentum at the first and the last point of a subtree, d each */
struct ends {
    double *v_begin, *v_end, *p_begin, *p_end;
};

long nuts_work(const struct nuts_settings *s, int dim)
{
    return (long) dim * (8L * s->most_depth + 32);
}

static void copy(double *to, const double *from, int d) { memcpy(to, from, sizeof(double) * d); }

/* log(exp(a) + exp(b)) */
static double log_sum(double a, double b)
{
    double top = a > b ? a : b;
    return top == -INFINITY ? top : top + log(exp(a - top) + exp(b - top));
}

/* v <- metric p */
static void velocity(const struct nuts_settings *s, int d, const double *p, double *v)
{
    if (!s->dense) {
        for (int i = 0; i < d; i++) v[i] = s->metric[i] * p[i];
        return;
    }
    dense_symmetric_times(d, s->metric, p, v);
}

/* p' metric p / 2; v receives metric p */
static double kinetic(const struct nuts_settings *s, int d, const double *p, double *v)
{
    double k = 0;
    velocity(s, d, p, v);
    for (int i = 0; i < d; i++) k += p[i] * v[i];
    return 0.5 * k;
}

/* p ~ N(0, metric^-1) */
static void draw_momentum(const struct nuts_settings *s, const struct noise *u, int d, double *p)
{
    for (int i = 0; i < d; i++) p[i] = u->normal(u->data);
    if (s->dense) dense_solve_lower_transposed(d, s->chol_metric, 1, p);
    else
        for (int i = 0; i < d; i++) p[i] /= sqrt(s->metric[i]);
}

/* Moves z by one step of `size`, which is negative backwards in time. v: d of work, on return the
 * velocity at half the step */
static void leapfrog(const struct nuts_settings *s, const struct target *t, struct point *z,
                     double size, double *v)
{
    int d = t->dim;
    for (int i = 0; i < d; i++) z->p[i] += 0.5 * size * z->g[i];
    velocity(s, d, z->p, v);
    for (int i = 0; i < d; i++) z->q[i] += size * v[i];
    z->value = t->value(t, z->q, z->g);
    for (int i = 0; i < d; i++) z->p[i] += 0.5 * size * z->g[i];
}

/* Whether both ends still move apart: v_begin and v_end, velocities at the ends of a trajectory,
 * rho, the sum of the momenta along it */
static int going_apart(const double *v_begin, const double *v_end, const double *rho, int d)
{
    double a = 0, b = 0;
    for (int i = 0; i < d; i++) {
        a += v_begin[i] * rho[i];
        b += v_end[i] * rho[i];
    }
    return a > 0 && b > 0;
}

/* The same with rho + extra in place of rho */
static int apart_with(const double *v_begin, const double *v_end, const double *rho,
                      const double *extra, int d)
{
    double a = 0, b = 0;
    for (int i = 0; i < d; i++) {
        a += v_begin[i] * (rho[i] + extra[i]);
        b += v_end[i] * (rho[i] + extra[i]);
    }
    return a > 0 && b > 0;
}

/* One leapfrog step beyond the moving end: a tree of depth 0 (grow_tree()) */
static int grow_leaf(struct sampler *n, int sign, struct point *proposal, const struct ends *e,
                     double *rho, double *log_weight)
{
    int d = n->d;
    leapfrog(n->s, n->t, &n->z, sign * n->size, e->v_begin);
    n->leapfrogs++;
    double energy = kinetic(n->s, d, n->z.p, e->v_begin) - n->z.value;
    if (isnan(energy)) energy = INFINITY;
    double gain = n->start - energy;
    if (-gain > n->s->most_error) n->divergent = 1;
    *log_weight = log_sum(*log_weight, gain);
    n->sum_accept += gain > 0 ? 1 : exp(gain);
    copy(proposal->q, n->z.q, d);
    copy(proposal->g, n->z.g, d);
    proposal->value = n->z.value;
    copy(e->v_end, e->v_begin, d);
    copy(e->p_begin, n->z.p, d);
    copy(e->p_end, n->z.p, d);
    for (int i = 0; i < d; i++) rho[i] += n->z.p[i];
    return !n->divergent;
}

/* Grows 2^depth points beyond the moving end; adds their momenta to rho and their weight to
 * log_weight; leaves one of them, by weight, in proposal. 0: a U-turn or divergence inside. */
static int grow_tree(struct sampler *n, int depth, int sign, struct point *proposal,
                     const struct ends *e, double *rho, double *log_weight)
{
    if (depth == 0) return grow_leaf(n, sign, proposal, e, rho, log_weight);
    int d = n->d;
    double *at = n->levels + 8L * d * (depth - 1);
    double *v_middle_left = at, *p_middle_left = at + d, *rho_left = at + 2 * d;
    double *v_middle_right = at + 3 * d, *p_middle_right = at + 4 * d, *rho_right = at + 5 * d;
    struct point other = {at + 6 * d, NULL, at + 7 * d, 0};
    double weight_left = -INFINITY, weight_right = -INFINITY;
    memset(rho_left, 0, sizeof(double) * d);
    memset(rho_right, 0, sizeof(double) * d);

    struct ends left = {e->v_begin, v_middle_left, e->p_begin, p_middle_left};
    if (!grow_tree(n, depth - 1, sign, proposal, &left, rho_left, &weight_left)) return 0;
    struct ends right = {v_middle_right, e->v_end, p_middle_right, e->p_end};
    if (!grow_tree(n, depth - 1, sign, &other, &right, rho_right, &weight_right)) return 0;

    double both = log_sum(weight_left, weight_right);
    *log_weight = log_sum(*log_weight, both);
    if (log(n->u->uniform(n->u->data)) < weight_right - both) {
        copy(proposal->q, other.q, d);
        copy(proposal->g, other.g, d);
        proposal->value = other.value;
    }
    int on = apart_with(e->v_begin, e->v_end, rho_left, rho_right, d) &&
             apart_with(e->v_begin, v_middle_right, rho_left, p_middle_right, d) &&
             apart_with(v_middle_left, e->v_end, rho_right, p_middle_left, d);
    for (int i = 0; i < d; i++) rho[i] += rho_left[i] + rho_right[i];
    return on;
}

/* Dual averaging of the log step size towards the wanted acceptance */
static void adapt_step(const struct nuts_settings *s, double accept, struct nuts_step *step)
{
    double n = ++step->count, eta = 1 / (n + 10);
    if (isnan(accept)) accept = 0;
    step->error = (1 - eta) * step->error + eta * (s->accept - accept);
    step->log_size = step->centre - step->error * sqrt(n) / 0.05;
    double keep = pow(n, -0.75);
    step->log_mean = keep * step->log_size + (1 - keep) * step->log_mean;
}

struct nuts_step nuts_new_step(double size)
{
    return (struct nuts_step){log(size), log(size), log(10 * size), 0, 0};
}

/* One side of the trajectory: where it stands and the ends of its last subtree */
struct side {
    double *q, *p, *g, *v;     /* outermost point */
    double *v_inner, *p_inner; /* innermost point of the last subtree */
    double *rho;
    double value;
};

static double *take(double **work, int d)
{
    double *x = *work;
    *work += d;
    return x;
}

static struct side new_side(double **work, int d, const struct point *z, const double *v)
{
    struct side a = {take(work, d), take(work, d), take(work, d), take(work, d),
                     take(work, d), take(work, d), take(work, d), z->value};
    copy(a.q, z->q, d);
    copy(a.p, z->p, d);
    copy(a.g, z->g, d);
    copy(a.v, v, d);
    copy(a.v_inner, v, d);
    copy(a.p_inner, z->p, d);
    copy(a.rho, z->p, d);
    return a;
}

/* Doubles the trajectory beyond `near`; 0 when it must end. */
static int double_trajectory(struct sampler *n, int depth, int sign, struct side *near,
                             struct side *far, double *rho, struct point *proposal,
                             double *log_weight)
{
    int d = n->d;
    /* the old tree is all of the far side; its end next to the new subtree is near's old end */
    copy(far->rho, rho, d);
    copy(far->v_inner, near->v, d);
    copy(far->p_inner, near->p, d);
    copy(n->z.q, near->q, d);
    copy(n->z.p, near->p, d);
    copy(n->z.g, near->g, d);
    memset(near->rho, 0, sizeof(double) * d);
    struct ends e = {near->v_inner, near->v, near->p_inner, near->p};
    int valid = grow_tree(n, depth, sign, proposal, &e, near->rho, log_weight);
    copy(near->q, n->z.q, d);
    copy(near->g, n->z.g, d);
    return valid;
}

/* Whether the whole trajectory, and what crosses from one half to the other, has no U-turn yet; rho
 * receives the sum of its momenta. */
static int keeps_on(const struct side *near, const struct side *far, double *rho, int d)
{
    for (int i = 0; i < d; i++) rho[i] = near->rho[i] + far->rho[i];
    return going_apart(far->v, near->v, rho, d) &&
           apart_with(far->v, near->v_inner, far->rho, near->p_inner, d) &&
           apart_with(far->v_inner, near->v, near->rho, far->p_inner, d);
}

void nuts_transition(const struct nuts_settings *s, const struct target *t, const struct noise *u,
                     double *theta, struct nuts_step *step, struct nuts_info *info, double *work)
{
    int d = t->dim;
    struct sampler n = {
        s,    t, u, d, exp(s->adapt ? step->log_size : step->log_mean), 0, {NULL, NULL, NULL, 0},
        NULL, 0, 0, 0};
    n.levels = work;
    work += 8L * d * s->most_depth;
    n.z.q = take(&work, d);
    n.z.p = take(&work, d);
    n.z.g = take(&work, d);
    double *rho = take(&work, d), *v = take(&work, d);
    struct point proposal = {take(&work, d), NULL, take(&work, d), 0};

    copy(n.z.q, theta, d);
    n.z.value = t->value(t, theta, n.z.g);
    draw_momentum(s, u, d, n.z.p);
    n.start = kinetic(s, d, n.z.p, v) - n.z.value;
    copy(rho, n.z.p, d);
    struct side fwd = new_side(&work, d, &n.z, v), bck = new_side(&work, d, &n.z, v);
    info->value = n.z.value;
    info->energy = n.start;
    double log_weight = 0;

    for (info->depth = 0; info->depth < s->most_depth;) {
        double log_weight_new = -INFINITY;
        int forward = u->uniform(u->data) > 0.5;
        struct side *near = forward ? &fwd : &bck, *far = forward ? &bck : &fwd;
        /* Backwards in time every momentum changes its sign. Both dot products of the U-turn test
         * have two momenta each and keep their values: `near` and `far` need no change of sign. */
        if (!double_trajectory(&n, info->depth, forward ? 1 : -1, near, far, rho, &proposal,
                               &log_weight_new))
            break;
        info->depth++;
        if (log(u->uniform(u->data)) < log_weight_new - log_weight) {
            copy(theta, proposal.q, d);
            info->value = proposal.value;
        }
        log_weight = log_sum(log_weight, log_weight_new);
        if (!keeps_on(near, far, rho, d)) break;
    }
    info->leapfrogs = n.leapfrogs;
    info->divergent = n.divergent;
    info->accept = n.sum_accept / n.leapfrogs;
    if (s->adapt) adapt_step(s, info->accept, step);
}

double nuts_first_step(const struct nuts_settings *s, const struct target *t, const struct noise *u,
                       const double *theta, double size, double *work)
{
    int d = t->dim, direction = 0;
    struct point z = {work, work + d, work + 2 * d, 0};
    double *v = work + 3 * d;
    for (int i = 0; i < 100; i++) {
        copy(z.q, theta, d);
        z.value = t->value(t, z.q, z.g);
        if (!isfinite(z.value)) return 0;
        draw_momentum(s, u, d, z.p);
        double start = kinetic(s, d, z.p, v) - z.value;
        leapfrog(s, t, &z, size, v);
        double gain = start - (kinetic(s, d, z.p, v) - z.value);
        int up = gain > log(0.8); /* NaN counts as too large a step */
        if (direction == 0) direction = up ? 1 : -1;
        if ((direction == 1) != up) break;
        size *= direction == 1 ? 2 : 0.5;
        if (size > 1e7 || size < 1e-300) break;
    }
    return size;
}
