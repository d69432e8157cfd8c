//! Reads YAML into a tree of exact texts with locations. <https://yaml.org/spec/1.2.2/>
//!
//! No scalar is converted: an amount of money must not become a float on the way. Anchors, aliases
//! and tags are errors, so a small file cannot expand into a large tree.

use granit_parser::{Event, Marker, Parser, ScalarStyle, StrInput};

use super::error::{FileError, Location, Spanned};

/// The maximum depth of the tree. Bounds the recursion of reading and dropping it.
const MAX_DEPTH: usize = 16;

/// A value of the file and its location.
pub(super) type Node = Spanned<Value>;

/// A value of the file.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Scalar(String),
    Sequence(Vec<Node>),
    /// In the order of the file, with duplicate keys.
    Mapping(Vec<(Spanned<String>, Node)>),
}

/// Parses a text of at most one document. Returns `None` if it is empty or null.
///
/// # Errors
///
/// Returns the first construct that is not valid YAML or not supported. The parser's own message
/// is dropped, because it may repeat a part of the text.
pub(super) fn parse(text: &str) -> Result<Option<Node>, FileError> {
    let mut reader = Reader(Parser::new_from_str(text));
    let mut root = None;
    loop {
        let (event, location) = reader.next()?;
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentEnd => {}
            Event::DocumentStart(..) if root.is_none() => {
                let first = reader.next()?;
                root = Some(reader.node(first, 0)?);
            }
            _ => {
                return Err(FileError::at(location, "multiple documents, expected one"));
            }
        }
    }
    Ok(root.filter(|node| !matches!(node.value, Value::Null)))
}

struct Reader<'t>(Parser<'t, StrInput<'t>>);

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Location), FileError> {
        let at = |marker: Marker| Location {
            line: marker.line(),
            column: marker.col() + 1,
        };
        match self.0.next() {
            Some(Ok((event, span))) => Ok((event, at(span.start))),
            Some(Err(error)) => Err(FileError::at(at(*error.marker()), "invalid YAML")),
            None => Ok((Event::StreamEnd, Location { line: 1, column: 1 })),
        }
    }

    fn node(
        &mut self,
        (event, location): (Event<'t>, Location),
        depth: usize,
    ) -> Result<Node, FileError> {
        refuse_properties(&event, location)?;
        let is_collection = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
        if is_collection && depth == MAX_DEPTH {
            return Err(FileError::at(location, "nested too deeply"));
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if is_null(&text) => Value::Null,
            Event::Scalar(text, ..) => Value::Scalar(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break Value::Sequence(items),
                        item => items.push(self.node(item, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut entries = Vec::new();
                loop {
                    let (event, location) = self.next()?;
                    refuse_properties(&event, location)?;
                    let value = match event {
                        Event::MappingEnd => break Value::Mapping(entries),
                        Event::Scalar(text, ..) => text.into_owned(),
                        _ => return Err(FileError::at(location, "the key is not a text")),
                    };
                    let first = self.next()?;
                    entries.push((Spanned { location, value }, self.node(first, depth + 1)?));
                }
            }
            _ => return Err(FileError::at(location, "invalid YAML")),
        };
        Ok(Spanned { location, value })
    }
}

fn refuse_properties(event: &Event<'_>, location: Location) -> Result<(), FileError> {
    let message = match event {
        Event::Scalar(.., Some(_))
        | Event::SequenceStart(.., Some(_))
        | Event::MappingStart(.., Some(_)) => {
            "tags (!) are not supported, quote a text that starts with !"
        }
        Event::Alias(_)
        | Event::Scalar(_, _, 1.., _)
        | Event::SequenceStart(_, 1.., _)
        | Event::MappingStart(_, 1.., _) => {
            "anchors and aliases (&, *) are not supported, quote a text that starts with & or *"
        }
        _ => return Ok(()),
    };
    Err(FileError::at(location, message))
}

/// Returns whether a plain scalar is null. <https://yaml.org/spec/1.2.2/#103-core-schema>
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
