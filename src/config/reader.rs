//! How a setting's text is found and read, and what is said of one that cannot be used.

use url::Url;

use super::setting::{Setting, Takes};
use super::{API_KEY_VARIABLE, Typed};
use crate::config::token;

/// Reads settings one by one and gathers what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) typed: &'a Typed,
    pub(super) problems: Vec<String>,
}

/// A value as it was typed, and where.
pub(super) struct Given<'a> {
    pub(super) place: String,
    pub(super) values: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    /// A setting that has a default or must be given.
    pub(super) fn read<T>(
        &mut self,
        setting: &'static Setting,
        read: fn(&[&str]) -> Result<T, String>,
    ) -> Option<T> {
        if let Some(given) = self.given(setting)? {
            return self.understood(given, read);
        }
        match setting.default {
            Some(default) => {
                let place = format!("the default of --{}", setting.flag);
                self.understood(
                    Given {
                        place,
                        values: vec![default],
                    },
                    read,
                )
            }
            None => {
                self.problems.push(format!(
                    "{} is not set: set it, or --{}, to {}",
                    setting.variable(),
                    setting.flag,
                    setting.right
                ));
                None
            }
        }
    }

    /// A setting that may be absent.
    pub(super) fn read_optional<T>(
        &mut self,
        setting: &'static Setting,
        read: fn(&[&str]) -> Result<T, String>,
    ) -> Option<T> {
        let given = self.given(setting)??;
        self.understood(given, read)
    }

    /// A setting that the configuration file may hold too, which yields to the flag and the
    /// variable.
    pub(super) fn read_or<T>(
        &mut self,
        setting: &'static Setting,
        of_file: Option<T>,
        read: fn(&[&str]) -> Result<T, String>,
    ) -> Option<T> {
        match (self.given(setting)?, of_file, setting.default) {
            (Some(given), _, _) => self.understood(given, read),
            (None, Some(of_file), _) => Some(of_file),
            (None, None, Some(_)) => self.read(setting, read),
            (None, None, None) => None,
        }
    }

    /// A setting of several values, each read by itself; those of the flag or the variable take
    /// the place of the configuration file's.
    pub(super) fn read_each<T>(
        &mut self,
        setting: &'static Setting,
        of_file: Option<Vec<T>>,
        read: fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let Some(Some(Given { place, values })) = self.given(setting) else {
            return of_file.unwrap_or_default();
        };
        let mut all = Vec::new();
        for value in values {
            match read(value) {
                Ok(one) => all.push(one),
                Err(why) => {
                    let value = self.shown(value);
                    self.problems.push(format!("{place} is {value}: {why}"));
                }
            }
        }
        all
    }

    pub(super) fn understood<T>(
        &mut self,
        given: Given<'_>,
        read: fn(&[&str]) -> Result<T, String>,
    ) -> Option<T> {
        let Given { place, values } = given;
        match read(&values) {
            Ok(value) => Some(value),
            Err(why) => {
                let value = self.shown(&values.join(","));
                self.problems.push(format!("{place} is {value}: {why}"));
                None
            }
        }
    }

    /// What was typed for a setting: the flag wins over the variable; an empty variable counts as
    /// not set, because that is how compose files and units write it. The outer `None` is a problem
    /// that has been noted.
    pub(super) fn given(&mut self, setting: &'static Setting) -> Option<Option<Given<'a>>> {
        let variable = setting.variable();
        let typed = self.typed;
        if let Some(values) = typed.flags.get(setting.flag) {
            let place = format!("--{}", setting.flag);
            let texts: Option<Vec<&str>> = values.iter().map(|value| value.to_str()).collect();
            return match texts {
                Some(values) => Some(Some(Given { place, values })),
                None => {
                    self.problems.push(format!("{place} is not valid UTF-8"));
                    None
                }
            };
        }
        match self.variable(&variable) {
            None => Some(None),
            Some(Ok(value)) if setting.takes == Takes::Several => {
                let lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
                Some(Some(Given {
                    place: variable,
                    values: lines.collect(),
                }))
            }
            Some(Ok(value)) => Some(Some(Given {
                place: variable,
                values: vec![value],
            })),
            Some(Err(())) => {
                self.problems.push(format!("{variable} is not valid UTF-8"));
                None
            }
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<Result<&'a str, ()>> {
        let value = self.typed.environment.get(std::ffi::OsStr::new(name))?;
        match value.to_str() {
            Some(text) if text.trim().is_empty() => None,
            Some(text) => Some(Ok(text)),
            None => Some(Err(())),
        }
    }

    pub(super) fn looks_like_secret(&self, value: &str) -> bool {
        let token = self
            .variable(API_KEY_VARIABLE)
            .and_then(Result::ok)
            .map(str::trim);
        token.is_some_and(|token| value.contains(token))
            || token::looks_like_token(value)
            || Url::parse(value)
                .is_ok_and(|url| url.password().is_some() || !url.username().is_empty())
    }

    /// A value as a message may show it: quoted, and not if it looks as if a secret was put in the
    /// wrong place.
    pub(super) fn shown(&self, value: &str) -> String {
        if self.looks_like_secret(value) {
            return "a value that looks like a secret".to_owned();
        }
        format!("{value:?}")
    }
}
