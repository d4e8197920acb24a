//! Where a Lua block ends.
//!
//! The blocks of lua-nginx-module (`content_by_lua_block` and its kin) are read by a lexer of the
//! module: braces count, except in strings, comments and long brackets. Taken from the behaviour of
//! OpenResty's `ngx_http_lua_directive.c`; nothing else of Lua is understood here.

use memchr::memmem;

/// How a scan for the end of a Lua block went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Offset after the closing `}`.
    Closed(usize),
    /// The source ends inside the block.
    Missing,
    /// A long bracket, opened at this offset with that many `=`, is never closed.
    LongBracket { at: usize, level: usize },
}

/// True for the directives whose block holds Lua.
pub(crate) fn is_lua_block(name: &[u8]) -> bool {
    const PHASES: [&[u8]; 19] = [
        b"access",
        b"balancer",
        b"body_filter",
        b"content",
        b"exit_worker",
        b"header_filter",
        b"init",
        b"init_worker",
        b"log",
        b"precontent",
        b"proxy_ssl_certificate",
        b"proxy_ssl_verify",
        b"rewrite",
        b"server_rewrite",
        b"set",
        b"ssl_certificate",
        b"ssl_client_hello",
        b"ssl_session_fetch",
        b"ssl_session_store",
    ];
    name.strip_suffix(b"_by_lua_block")
        .is_some_and(|phase| PHASES.binary_search(&phase).is_ok())
}

/// Finds the `}` that closes the block whose content begins at `from`.
pub(crate) fn block_end(source: &[u8], from: usize) -> End {
    let mut depth = 1_usize;
    let mut at = from;
    // End of a line on which this quote is known to have no partner: without it, a line of
    // escaped quotes would be searched again from each of them.
    let mut alone = [0_usize; 2];
    loop {
        let rest = source.get(at..).unwrap_or_default();
        let Some(skipped) = rest
            .iter()
            .position(|byte| matches!(byte, b'{' | b'}' | b'-' | b'[' | b'"' | b'\''))
        else {
            return End::Missing;
        };
        at += skipped;
        match source[at] {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return End::Closed(at + 1);
                }
            }
            b'-' => {
                if source.get(at + 1) == Some(&b'-') {
                    at = match skip_long_bracket(source, at + 2) {
                        Some(Ok(end)) => end,
                        Some(Err(level)) => return End::LongBracket { at, level },
                        None => line_end(source, at),
                    };
                    continue;
                }
            }
            b'[' => match skip_long_bracket(source, at) {
                Some(Ok(end)) => {
                    at = end;
                    continue;
                }
                Some(Err(level)) => return End::LongBracket { at, level },
                None => {}
            },
            quote => {
                let alone = &mut alone[usize::from(quote == b'"')];
                if at >= *alone {
                    match string_end(source, at) {
                        Ok(end) => {
                            at = end;
                            continue;
                        }
                        Err(line_end) => *alone = line_end,
                    }
                }
            }
        }
        at += 1;
    }
}

/// For `[=*[` at `at`: the offset after its closing bracket, or its level when that is missing.
fn skip_long_bracket(source: &[u8], at: usize) -> Option<Result<usize, usize>> {
    let rest = source.get(at..)?.strip_prefix(b"[")?;
    let level = rest.iter().take_while(|byte| **byte == b'=').count();
    let content = rest[level..].strip_prefix(b"[")?;
    let closing = long_bracket_close(level);
    Some(match memmem::find(content, closing.as_bytes()) {
        Some(found) => Ok(at + level + 2 + found + closing.len()),
        None => Err(level),
    })
}

/// `]==]` of a level.
pub(crate) fn long_bracket_close(level: usize) -> String {
    format!("]{}]", "=".repeat(level))
}

/// The end of the string that begins at `at`, or of the line when it is not closed there.
fn string_end(source: &[u8], at: usize) -> Result<usize, usize> {
    let quote = source[at];
    let mut i = at + 1;
    while let Some(&byte) = source.get(i) {
        match byte {
            b'\n' => return Err(i),
            b'\\' if source.get(i + 1) != Some(&b'\n') => i += 1,
            _ if byte == quote => return Ok(i + 1),
            _ => {}
        }
        i += 1;
    }
    Err(source.len())
}

fn line_end(source: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &source[at..]).map_or(source.len(), |found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_at_its_own_brace() {
        let cases: &[(&str, &str)] = &[
            ("}", ""),
            (" if x then y = {1, {2}} end } rest", " rest"),
            (r#" ngx.say("}") } rest"#, " rest"),
            (r#" ngx.say("\"}") } rest"#, " rest"),
            (" ngx.say('}') } rest", " rest"),
            (" -- }\n } rest", " rest"),
            (" --[[ }\n } ]] } rest", " rest"),
            (" --[==[ ]] } ]=] } ]==] } rest", " rest"),
            (" x = [[ } ]] } rest", " rest"),
            (" x = [=[ ]] } ]=] } rest", " rest"),
            (" t[1] = a - b } rest", " rest"),
            (" t[=x } rest", " rest"),
            // A quote without a partner on its line is no string.
            (" -- it's }\n x = \" } rest", " rest"),
            (" it's } rest", " rest"),
            (" \"\\\"\\\" } rest", " rest"),
        ];
        for (code, rest) in cases {
            let wanted = End::Closed(code.len() - rest.len());
            assert_eq!(block_end(code.as_bytes(), 0), wanted, "{code}");
        }
    }

    #[test]
    fn a_block_without_its_brace_is_told_from_one_without_a_bracket() {
        assert_eq!(block_end(b" { }", 0), End::Missing);
        assert_eq!(block_end(b"", 0), End::Missing);
        let bracket = End::LongBracket { at: 1, level: 1 };
        assert_eq!(block_end(b" [=[ ]] } ", 0), bracket);
        let comment = End::LongBracket { at: 1, level: 0 };
        assert_eq!(block_end(b" --[[ } ", 0), comment);
    }

    #[test]
    fn only_whole_names_open_lua() {
        assert!(is_lua_block(b"content_by_lua_block"));
        assert!(is_lua_block(b"set_by_lua_block"));
        assert!(!is_lua_block(b"content_by_lua"));
        assert!(!is_lua_block(b"x_by_lua_block"));
        assert!(!is_lua_block(b"_by_lua_block"));
    }
}
