//! A version of nginx.

use std::fmt;
use std::str::FromStr;

/// A version of nginx, such as 1.25.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 1, so far.
    pub major: u16,
    /// Odd for mainline, even for stable.
    pub minor: u16,
    /// Counts releases of one branch.
    pub patch: u16,
}

impl Version {
    /// The newest version that the directive table was compared with.
    pub const LATEST: Self = Self::new(1, 31, 5);

    /// The version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The text is not `MAJOR.MINOR.PATCH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a version of nginx, expected a form such as `1.25.1`")]
pub struct InvalidVersion;

impl FromStr for Version {
    type Err = InvalidVersion;

    /// Reads `1.25.1`.
    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let mut parts = text.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        });
        let mut next = || parts.next().flatten().ok_or(InvalidVersion);
        let version = Self::new(next()?, next()?, next()?);
        parts
            .next()
            .is_none()
            .then_some(version)
            .ok_or(InvalidVersion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_three_numbers() {
        assert_eq!("1.25.1".parse(), Ok(Version::new(1, 25, 1)));
        for text in [
            "",
            "1",
            "1.25",
            "1.25.1.2",
            "1.25.x",
            "1.+5.1",
            "v1.25.1",
            "1..2",
            "1.25.99999",
        ] {
            assert_eq!(text.parse::<Version>(), Err(InvalidVersion), "{text}");
        }
        assert_eq!(Version::LATEST.to_string(), "1.31.5");
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(Version::new(1, 9, 15) < Version::new(1, 25, 1));
        assert!(Version::new(1, 25, 5) > Version::new(1, 25, 1));
    }
}
