//! The little DER that the big parser leaves to us: extension values and private keys.
//!
//! Reads one element after the other, never recurses, copies nothing, and answers `None` on
//! whatever is not well-formed. Lengths need not be minimal: OpenSSL reads those too.

/// Universal and context tags as encoded.
pub(super) mod tag {
    pub(in crate::x509) const BOOLEAN: u8 = 0x01;
    pub(in crate::x509) const INTEGER: u8 = 0x02;
    pub(in crate::x509) const BIT_STRING: u8 = 0x03;
    pub(in crate::x509) const OCTET_STRING: u8 = 0x04;
    pub(in crate::x509) const OID: u8 = 0x06;
    pub(in crate::x509) const UTF8_STRING: u8 = 0x0c;
    pub(in crate::x509) const SEQUENCE: u8 = 0x30;
    pub(in crate::x509) const CONTEXT_0: u8 = 0xa0;
    pub(in crate::x509) const CONTEXT_1: u8 = 0xa1;
}

/// The bytes left to read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

/// One element: its tag and the bytes of its value.
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The inside of the one sequence that `bytes` are; `None` when anything follows it.
    pub(super) fn sequence(bytes: &'a [u8]) -> Option<Self> {
        let mut outer = Self(bytes);
        let inner = outer.expect(tag::SEQUENCE)?;
        outer.is_empty().then_some(Self(inner))
    }

    /// The inside of the sequence that `bytes` begin with; what follows it is ignored.
    pub(super) fn leading_sequence(bytes: &'a [u8]) -> Option<Self> {
        Self(bytes).expect(tag::SEQUENCE).map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads to the end; `None` when an element on the way is malformed.
    pub(super) fn finish(mut self) -> Option<()> {
        while !self.is_empty() {
            self.element()?;
        }
        Some(())
    }

    /// Everything that has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next element, whatever it is.
    pub(super) fn element(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        // Tag numbers above 30 take more bytes and occur in nothing that is read here.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            // 0x80 is the indefinite length of BER, which DER does not have.
            if bytes.is_empty() || bytes.len() > 4 {
                return None;
            }
            let length = bytes
                .iter()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            (length, rest)
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Element { tag, value })
    }

    /// The value of the next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element()
            .filter(|element| element.tag == tag)
            .map(|element| element.value)
    }

    /// The value of the next element if it has this tag; nothing is read otherwise.
    pub(super) fn optional(&mut self, tag: u8) -> Option<&'a [u8]> {
        (self.0.first() == Some(&tag))
            .then(|| self.expect(tag))
            .flatten()
    }

    /// The next element as a bit string of whole bytes.
    pub(super) fn bit_string(&mut self) -> Option<&'a [u8]> {
        match self.expect(tag::BIT_STRING)? {
            [0, bytes @ ..] => Some(bytes),
            _ => None,
        }
    }

    /// The next element as a positive integer without leading zeros.
    pub(super) fn positive(&mut self) -> Option<&'a [u8]> {
        let bytes = self.expect(tag::INTEGER)?;
        match bytes.first() {
            Some(byte) if byte & 0x80 == 0 => Some(without_leading_zeros(bytes)),
            _ => None,
        }
    }
}

/// The dotted form of an object identifier; long arcs are cut off at what 64 bits hold.
pub(super) fn oid_text(oid: &[u8]) -> String {
    let mut text = String::new();
    let mut arc = 0u64;
    for &byte in oid {
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            let first = (arc / 40).min(2);
            text = format!("{first}.{}", arc - first * 40);
        } else {
            text.push_str(&format!(".{arc}"));
        }
        arc = 0;
    }
    text
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_one_after_the_other() {
        let mut reader =
            Reader::sequence(&[0x30, 0x06, 0x02, 0x01, 0x05, 0x04, 0x01, 0xff]).unwrap();
        assert_eq!(reader.optional(tag::OCTET_STRING), None);
        assert_eq!(reader.positive(), Some(&[5][..]));
        assert_eq!(reader.expect(tag::OCTET_STRING), Some(&[0xff][..]));
        assert!(reader.is_empty());
    }

    #[test]
    fn what_is_not_well_formed_is_none() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x02, 0x00],
            &[0x30, 0x80, 0x00, 0x00],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x1f, 0x01, 0x00],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Reader::new(bytes).element().is_none(), "{bytes:02x?}");
        }
        assert!(Reader::sequence(&[0x30, 0x00, 0x00]).is_none(), "rest");
    }

    #[test]
    fn object_identifiers_have_a_dotted_form() {
        assert_eq!(oid_text(&[0x55, 0x1d, 0x11]), "2.5.29.17");
        assert_eq!(
            oid_text(&[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02]),
            "1.3.6.1.4.1.11129.2.4.2"
        );
        assert_eq!(oid_text(&[0x88, 0x37]), "2.999");
    }
}
