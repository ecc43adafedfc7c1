// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! As much JSON as the lines of metrics.jsonl need.

/// A value. Whole numbers are exact up to 2^53.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value and nothing after it; `None` for what is not JSON.
    pub(crate) fn parse(text: &str) -> Option<Json> {
        let mut reader = Reader { rest: text.trim_start(), depth: 0 };
        let value = reader.value()?;
        reader.rest.trim_start().is_empty().then_some(value)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(entries) => entries.iter().find(|e| e.0 == key).map(|e| &e.1),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Numbers, and those that JSON has only as text.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Json::Number(number) => Some(*number),
            Json::Text(text) => match text.as_str() {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> &[Json] {
        match self {
            Json::List(items) => items,
            _ => &[],
        }
    }
}

/// Text as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            c if (c as u32) < 0x20 => out += &format!("\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

const MAX_DEPTH: usize = 64;

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Option<Json> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.rest = self.rest.trim_start();
        let value = match self.rest.chars().next()? {
            '{' => self.object(),
            '[' => self.items(),
            '"' => self.string().map(Json::Text),
            'n' => self.eat("null").then_some(Json::Null),
            't' => self.eat("true").then_some(Json::Bool(true)),
            'f' => self.eat("false").then_some(Json::Bool(false)),
            _ => self.plain_number(),
        };
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Option<Json> {
        self.eat("{");
        let mut entries = Vec::new();
        if self.eat("}") {
            return Some(Json::Object(entries));
        }
        loop {
            self.rest = self.rest.trim_start();
            let key = self.string()?;
            if !self.eat(":") {
                return None;
            }
            entries.push((key, self.value()?));
            if self.eat("}") {
                return Some(Json::Object(entries));
            }
            if !self.eat(",") {
                return None;
            }
        }
    }

    fn items(&mut self) -> Option<Json> {
        self.eat("[");
        let mut items = Vec::new();
        if self.eat("]") {
            return Some(Json::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.eat("]") {
                return Some(Json::List(items));
            }
            if !self.eat(",") {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let mut out = String::new();
        let mut chars = self.rest.strip_prefix('"')?.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => match chars.next()? {
                    'n' => out.push('\n'),
                    't' => out.push('\t'),
                    'r' => out.push('\r'),
                    'b' => out.push('\u{8}'),
                    'f' => out.push('\u{c}'),
                    'u' => {
                        let unit = hex(&mut chars)?;
                        // Two halves of one character, or one by itself.
                        let code = if (0xd800..0xdc00).contains(&unit) {
                            let low = (chars.next()? == '\\' && chars.next()? == 'u')
                                .then(|| hex(&mut chars))??;
                            0x10000 + ((unit - 0xd800) << 10) + low.checked_sub(0xdc00)?
                        } else {
                            unit
                        };
                        out.push(char::from_u32(code)?);
                    }
                    c @ ('"' | '\\' | '/') => out.push(c),
                    _ => return None,
                },
                c => out.push(c),
            }
        }
        self.rest = chars.as_str();
        Some(out)
    }

    fn plain_number(&mut self) -> Option<Json> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c))
            .unwrap_or(self.rest.len());
        let number = self.rest[..end].parse().ok()?;
        self.rest = &self.rest[end..];
        Some(Json::Number(number))
    }
}

fn hex(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut value = 0;
    for _ in 0..4 {
        value = value * 16 + chars.next()?.to_digit(16)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_trainer_writes() {
        let line = r#"{"event":"train_step","lr":[1e-05,0.5],"best":null,"x":{},"ok":true,
            "loss":"NaN","text":"a\"b\\c\u00e9\ud83d\ude00\n"}"#;
        let json = Json::parse(line).unwrap();
        assert_eq!(json.get("event").unwrap().text(), Some("train_step"));
        assert_eq!(json.get("lr").unwrap().list()[0].number(), Some(1e-5));
        assert!(json.get("loss").unwrap().number().unwrap().is_nan());
        assert_eq!(json.get("best"), Some(&Json::Null));
        assert_eq!(json.get("text").unwrap().text(), Some("a\"b\\cé😀\n"));
    }

    #[test]
    fn refuses_the_rest() {
        let deep = "[".repeat(100_000);
        for text in ["", "{", "{\"a\"}", "[1,]", "\"\\x\"", "1 2", "nul", &deep] {
            assert_eq!(Json::parse(text), None, "{text:.10}");
        }
        for half in ["\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\""] {
            assert_eq!(Json::parse(half), None, "{half}");
        }
    }

    #[test]
    fn quotes_what_it_reads() {
        for text in ["", "a.b", "q\"\\\n\u{1}é"] {
            assert_eq!(Json::parse(&quote(text)), Some(Json::Text(text.into())));
        }
    }
}
