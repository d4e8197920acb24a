//! The admission webhook as a program; all of it is in the library beside it.

use std::process::ExitCode;

/// Beside many objects that stay, the allocator of the C library takes the longer for those that go
/// the larger the cluster is: a verdict took twice as long in the large one of the benchmark.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    certlint_webhook::run()
}
