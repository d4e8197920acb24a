//! Errors of kube in few words, for log lines and probes.

use std::error::Error;

/// Why something failed: what the API server says, or else the innermost cause.
pub(crate) fn reason(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    loop {
        if let Some(kube::Error::Api(status)) = cause.downcast_ref() {
            return status.message.clone();
        }
        match cause.source() {
            Some(source) => cause = source,
            None => return cause.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[test]
    fn what_the_api_server_says_is_told_without_the_rest() {
        let status = Status::failure("not for you", "Forbidden").with_code(403);
        let error = kube::Error::Api(status.boxed());
        let error = kube::runtime::watcher::Error::InitialListFailed(error);
        assert_eq!(reason(&error), "not for you");
    }

    #[test]
    fn of_nested_errors_the_innermost_is_told() {
        let refused = std::io::Error::other("connection refused");
        let error = kube::Error::Service(refused.into());
        assert_eq!(reason(&error), "connection refused");
    }
}
