//! The integration tests of the crate: one program, so that it is linked once.

mod hostile;
mod node;
mod oracle;
