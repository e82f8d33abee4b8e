/* Ends what simd_width.h defined. */
#undef SIMD_BYTES
#undef VEC
#undef IVEC
#undef LOAD
#undef STORE
#undef ALL
#undef PICK
#undef SIMD_NAME
#undef SIMD_WIDTH
#undef SIMD_FUNCTION
