/* Ends what simd_width.h defined. */
#undef INLINE
#undef SIMD_BYTES
#undef VEC
#undef IVEC
#undef LOAD
#undef STORE
#undef ALL
#undef PICK
#undef LANE
#undef ABS
#undef MIX
#undef ROW_VECTORS
#undef SIMD_NAME
#undef SIMD_WIDTH
#undef SIMD_FUNCTION
