//! The limit of open files.

/// Raises the soft limit to the hard one: each client is a file, and the usual 1024 are few.
pub(crate) fn raise_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => log::debug!("up to {limit} files may be open"),
        Err(error) => log::warn!("the limit of open files stays as it is: {error}"),
    }
}
