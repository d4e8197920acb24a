//! Files that say that they are encrypted, as repositories hold keys.
//!
//! What is deployed is the decrypted text, so that nothing is known of it here, and nothing is wrong.

use memchr::memmem;

/// What encrypted a file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// `age`, binary or armoured.
    Age,
    /// `ansible-vault encrypt`.
    AnsibleVault,
    /// A file of a repository that was not unlocked.
    GitCrypt,
    /// OpenPGP, armoured.
    Pgp,
    /// `sops encrypt`, in its binary format.
    Sops,
}

impl Encryption {
    /// Recognises an encrypted file by its beginning.
    #[must_use]
    pub fn of_file(bytes: &[u8]) -> Option<Self> {
        let text = bytes.trim_ascii_start();
        if bytes.starts_with(b"\0GITCRYPT\0") {
            Some(Self::GitCrypt)
        } else if text.starts_with(b"$ANSIBLE_VAULT;") {
            Some(Self::AnsibleVault)
        } else if text.starts_with(b"age-encryption.org/")
            || text.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
        {
            Some(Self::Age)
        } else if text.starts_with(b"-----BEGIN PGP MESSAGE-----") {
            Some(Self::Pgp)
        } else if is_sops(text) {
            Some(Self::Sops)
        } else {
            None
        }
    }

    /// Recognises a value of a Secret that is encrypted, or that names where the real one is kept.
    #[must_use]
    pub fn hides_value(text: &str) -> bool {
        const SOPS: &str = "ENC[";
        const REFERENCES: [&str; 4] = ["op://", "<path:", "vault:", "AGE-SECRET"];
        let text = text.trim_start();
        text.starts_with(SOPS)
            || REFERENCES.iter().any(|mark| text.starts_with(mark))
            || is_vals_reference(text)
            || Self::of_file(text.as_bytes()).is_some()
    }

    /// The command that decrypts a file.
    #[must_use]
    pub fn cure(self, path: &str) -> String {
        match self {
            Self::Age => format!("age --decrypt -o {path}.plain {path}"),
            Self::AnsibleVault => format!("ansible-vault decrypt {path}"),
            Self::GitCrypt => "git-crypt unlock".to_owned(),
            Self::Pgp => format!("gpg --decrypt -o {path}.plain {path}"),
            Self::Sops => format!("sops decrypt -i {path}"),
        }
    }
}

/// A single value, or `{"data": "ENC[AES256_GCM,…", "sops": {…}}`.
fn is_sops(text: &[u8]) -> bool {
    let contains = |word: &[u8]| memmem::find(text, word).is_some();
    text.starts_with(b"ENC[AES256_GCM,")
        || (text.starts_with(b"{") && contains(b"\"ENC[AES256_GCM,") && contains(b"\"sops\""))
}

/// `ref+vault://…`, as vals and helmfile resolve it.
fn is_vals_reference(text: &str) -> bool {
    let scheme = text
        .strip_prefix("ref+")
        .or_else(|| text.strip_prefix("secretref+"));
    scheme.is_some_and(|rest| rest.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::Encryption;

    #[test]
    fn encrypted_files_are_recognised_by_their_beginning() {
        let of = |text: &[u8]| Encryption::of_file(text);
        assert_eq!(of(b"\0GITCRYPT\0\x01\x02"), Some(Encryption::GitCrypt));
        assert_eq!(
            of(b"$ANSIBLE_VAULT;1.1;AES256\n3132\n"),
            Some(Encryption::AnsibleVault)
        );
        assert_eq!(
            of(b"age-encryption.org/v1\n-> X25519 "),
            Some(Encryption::Age)
        );
        assert_eq!(
            of(b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n"),
            Some(Encryption::Age)
        );
        assert_eq!(
            of(b"-----BEGIN PGP MESSAGE-----\n\nhQEM\n"),
            Some(Encryption::Pgp)
        );
        assert_eq!(
            of(b"{\n\t\"data\": \"ENC[AES256_GCM,data:x]\",\n\t\"sops\": {}\n}"),
            Some(Encryption::Sops)
        );
        assert_eq!(of(b"ENC[AES256_GCM,data:x]"), Some(Encryption::Sops));
        assert_eq!(of(b"{\"data\": \"x\", \"sops\": {}}"), None);
        assert_eq!(of(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), None);
        assert_eq!(of(b"see $ANSIBLE_VAULT;"), None);
        assert_eq!(of(b""), None);
    }

    #[test]
    fn values_that_are_kept_elsewhere_are_recognised() {
        for text in [
            "ENC[AES256_GCM,data:x,type:str]",
            "op://vault/item/field",
            "<path:secret/data/tls#key>",
            "vault:secret/data/tls#key",
            "ref+vault://secret/tls#/key",
            "$ANSIBLE_VAULT;1.1;AES256\n31",
        ] {
            assert!(Encryption::hides_value(text), "{text}");
        }
        for text in [
            "",
            "LS0tLS1CRUdJTg==",
            "<path",
            "ref+",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert!(!Encryption::hides_value(text), "{text}");
        }
    }
}
