//! The integration tests of the crate: one program, so that it is linked once.
//!
//! A new file of tests is a module here, never a file beside this folder.

mod support;

mod architecture;
mod fixtures;
mod ledger;
mod kubernetes {
    mod crds;
    mod gateway;
    mod gateway_profiles;
    mod ingress_nginx;
    mod mounts;
    mod summaries;
}
mod name {
    mod matrix;
    mod oracle;
    mod vectors;
}
mod nginx {
    mod selection;
}
mod rules {
    pub(crate) mod agree;
    mod registry;
}
mod x509 {
    mod extensions;
    mod hostile;
    mod keys;
    mod pem;
    mod profile;
}
