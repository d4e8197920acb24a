//! A TLS 1.2 client that goes just far enough to see which certificate it is sent.
//!
//! It writes one ClientHello with arbitrary SNI bytes (a trailing dot, upper case, an address:
//! TLS libraries refuse to send these) that accepts one kind of key only, and reads the answer up
//! to the Certificate message, which TLS 1.2 (RFC 5246) sends in clear.

use std::io::{self, Read, Write};

/// A kind of key that a server can have a certificate for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Ecdsa,
    Ed25519,
    Rsa,
}

impl KeyType {
    /// All kinds that the cases use.
    pub(crate) const ALL: [Self; 3] = [Self::Ecdsa, Self::Ed25519, Self::Rsa];

    /// The word for it in certlint's JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ecdsa => "ecdsa",
            Self::Ed25519 => "ed25519",
            Self::Rsa => "rsa",
        }
    }

    /// Signature algorithms by their numbers in RFC 8446 section 4.2.3.
    fn signatures(self) -> &'static [u16] {
        match self {
            Self::Ecdsa => &[0x0403, 0x0503, 0x0603],
            Self::Ed25519 => &[0x0807],
            Self::Rsa => &[0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806],
        }
    }

    /// ECDHE suites; those of EdDSA are those of ECDSA (RFC 8422 section 5.5).
    fn suites(self) -> &'static [u16] {
        match self {
            Self::Ecdsa | Self::Ed25519 => &[0xc02b, 0xc02c, 0xcca9, 0xc009],
            Self::Rsa => &[0xc02f, 0xc030, 0xcca8, 0xc013],
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A fatal alert with its number.
    Alert(u8),
    /// The DER of the first certificate.
    Leaf(Vec<u8>),
    /// Something that is not TLS, or a close without a word.
    Plain,
}

/// Greets the server at the other end of `stream` and reads what it answers.
pub(crate) fn shake(
    stream: &mut (impl Read + Write),
    sni: &[u8],
    key: KeyType,
) -> io::Result<Reply> {
    stream.write_all(&client_hello(sni, key))?;
    let mut handshake = Vec::new();
    loop {
        let mut head = [0; 5];
        match stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if is_close(&error) && handshake.is_empty() => return Ok(Reply::Plain),
            Err(error) => return Err(error),
        }
        if !(20..=23).contains(&head[0]) || head[1] != 3 {
            return Ok(Reply::Plain);
        }
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut body)?;
        match (head[0], body.as_slice()) {
            // A warning does not end the handshake.
            (21, [1, _]) => {}
            (21, [_, number]) => return Ok(Reply::Alert(*number)),
            (22, _) => handshake.extend_from_slice(&body),
            _ => return Err(io::Error::other("unexpected TLS record")),
        }
        if let Some(leaf) = first_certificate(&handshake) {
            return Ok(Reply::Leaf(leaf));
        }
    }
}

fn is_close(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
    )
}

/// The first certificate of the Certificate message, once all of it is there.
fn first_certificate(mut messages: &[u8]) -> Option<Vec<u8>> {
    loop {
        let (&kind, rest) = messages.split_first()?;
        let (body, rest) = split24(rest)?;
        if kind == 11 {
            let (list, _) = split24(body)?;
            return split24(list).map(|(leaf, _)| leaf.to_vec());
        }
        messages = rest;
    }
}

/// Bytes with a 24-bit length in front, and what follows them.
fn split24(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<3>()?;
    let length = u32::from_be_bytes([0, length[0], length[1], length[2]]) as usize;
    rest.split_at_checked(length)
}

/// One record with a ClientHello (RFC 5246 section 7.4.1.2).
fn client_hello(sni: &[u8], key: KeyType) -> Vec<u8> {
    let mut extensions = Vec::new();
    if !sni.is_empty() {
        let name = [&[0][..], &with_length(sni)].concat();
        extension(&mut extensions, 0, &with_length(&name));
    }
    extension(
        &mut extensions,
        10,
        &with_length(&numbers(&[0x001d, 0x0017, 0x0018])),
    );
    extension(&mut extensions, 11, &[1, 0]);
    extension(
        &mut extensions,
        13,
        &with_length(&numbers(key.signatures())),
    );

    let mut body = vec![3, 3];
    // The "random" is fixed: nothing is ever encrypted with it.
    body.extend([0x5a; 32]);
    body.push(0);
    body.extend(with_length(&numbers(key.suites())));
    body.extend([1, 0]);
    body.extend(with_length(&extensions));

    let mut message = vec![1, 0];
    message.extend(with_length(&body));
    let mut record = vec![22, 3, 1];
    record.extend(with_length(&message));
    record
}

fn extension(out: &mut Vec<u8>, number: u16, body: &[u8]) {
    out.extend(number.to_be_bytes());
    out.extend(with_length(body));
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// The bytes with their 16-bit length in front; everything here is far shorter than 64 KiB.
fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A server that says `answer` whatever it is told.
    struct Server {
        heard: Vec<u8>,
        answer: Cursor<Vec<u8>>,
    }

    impl Read for Server {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.answer.read(buffer)
        }
    }

    impl Write for Server {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn ask(sni: &[u8], answer: &[u8]) -> (Reply, Vec<u8>) {
        let mut server = Server {
            heard: Vec::new(),
            answer: Cursor::new(answer.to_vec()),
        };
        let reply = shake(&mut server, sni, KeyType::Rsa).unwrap();
        (reply, server.heard)
    }

    #[test]
    fn the_leaf_is_found_when_it_is_split_over_records() {
        let hello = [2, 0, 0, 1, 0];
        let certificate = [11, 0, 0, 12, 0, 0, 9, 0, 0, 3, b'a', b'b', b'c', 0, 0, 0];
        let flight = [&hello[..], &certificate].concat();
        let (head, tail) = flight.split_at(12);
        let record = |body: &[u8]| [&[22, 3, 3][..], &with_length(body)].concat();
        let answer = [record(head), record(tail)].concat();
        assert_eq!(ask(b"x", &answer).0, Reply::Leaf(b"abc".to_vec()));
    }

    #[test]
    fn a_warning_is_passed_over_and_a_fatal_alert_is_not() {
        let answer = [21, 3, 3, 0, 2, 1, 112, 21, 3, 3, 0, 2, 2, 40];
        assert_eq!(ask(b"x", &answer).0, Reply::Alert(40));
    }

    #[test]
    fn what_is_not_tls_is_plain() {
        assert_eq!(ask(b"x", b"HTTP/1.1 400 Bad Request\r\n").0, Reply::Plain);
        assert_eq!(ask(b"x", b"").0, Reply::Plain);
    }

    #[test]
    fn the_name_is_sent_as_it_is_and_the_empty_one_is_not_sent() {
        let name = b"Odd_Name.test.";
        let is_in = |heard: Vec<u8>| heard.windows(name.len()).any(|window| window == name);
        assert!(is_in(ask(name, b"").1));
        assert!(!is_in(ask(b"", b"").1));
    }
}
