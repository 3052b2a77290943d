//! Interleavings under loom; run with RUSTFLAGS="--cfg skyloom_loom".
