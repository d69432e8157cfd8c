//! Resolves settings: finds the text of each setting, parses it and collects errors.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::errors::ConfigErrors;
use super::setting::{Arity, Setting};
use super::token::{API_KEY_VARIABLE, looks_like_token};
use super::value::Parsed;

/// The replacement of secrets in messages.
pub(super) const REDACTED: &str = "[redacted]";

/// The flags and environment variables as text. Both are passed in, so that tests can set them.
#[derive(Debug, Default)]
pub struct RawArgs {
    /// The values of each flag that is set, by flag.
    pub flags: BTreeMap<&'static str, Vec<OsString>>,
    /// The environment variables.
    pub environment: BTreeMap<OsString, OsString>,
}

impl RawArgs {
    /// Resolves the settings that `read` reads.
    ///
    /// # Errors
    ///
    /// Returns the errors of all invalid settings.
    pub fn resolve<'a, T>(
        &'a self,
        read: impl FnOnce(&mut Resolver<'a>) -> Option<T>,
    ) -> Result<T, ConfigErrors> {
        let mut resolver = Resolver {
            raw: self,
            errors: Vec::new(),
        };
        match read(&mut resolver) {
            Some(config) if resolver.errors.is_empty() => Ok(config),
            _ => Err(ConfigErrors(resolver.errors)),
        }
    }
}

/// Reads settings one by one and collects errors.
///
/// A method returns `None` if a setting is invalid, after recording the error, or if it is not set
/// and has no default.
#[derive(Debug)]
pub struct Resolver<'a> {
    pub(super) raw: &'a RawArgs,
    pub(super) errors: Vec<String>,
}

/// The text of a setting, and the flag or variable that it comes from.
pub(super) struct RawValue<'a> {
    pub(super) origin: String,
    pub(super) texts: Vec<&'a str>,
}

impl<'a> Resolver<'a> {
    /// Reads a setting with one value.
    pub(super) fn read<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Parsed<T>,
    ) -> Option<T> {
        let raw = self.raw(setting).or_else(|| {
            Some(RawValue {
                origin: format!("the default of --{}", setting.flag),
                texts: vec![setting.default?],
            })
        });
        self.parse(setting, raw?, parse)?.pop()
    }

    /// Reads a setting with several values.
    pub(super) fn read_all<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Parsed<T>,
    ) -> Option<Vec<T>> {
        let raw = self.raw(setting)?;
        self.parse(setting, raw, parse)
    }

    fn parse<T>(
        &mut self,
        setting: &Setting,
        raw: RawValue<'_>,
        parse: impl Fn(&str) -> Parsed<T>,
    ) -> Option<Vec<T>> {
        let errors = self.errors.len();
        let mut values = Vec::new();
        for text in raw.texts {
            match parse(text) {
                Ok(value) => values.push(value),
                Err(reason) => {
                    self.reject(&raw.origin, text, reason.as_deref(), setting.expected);
                }
            }
        }
        (self.errors.len() == errors).then_some(values)
    }

    /// Records that the value of the flag or variable `origin` is invalid.
    pub(super) fn reject(
        &mut self,
        origin: &str,
        value: &str,
        reason: Option<&str>,
        expected: &str,
    ) {
        let value = self.quoted(value);
        let reason = reason
            .map(|reason| format!("{reason}, "))
            .unwrap_or_default();
        self.errors.push(format!(
            "invalid value {value} for {origin}: {reason}expected {expected}"
        ));
    }

    /// Returns the text of a setting. The flag takes precedence over the variable. An empty variable
    /// counts as unset, because compose files and systemd units write unset variables that way.
    pub(super) fn raw(&mut self, setting: &Setting) -> Option<RawValue<'a>> {
        if let Some(values) = self.raw.flags.get(setting.flag) {
            let origin = format!("--{}", setting.flag);
            let texts: Option<_> = values.iter().map(|value| value.to_str()).collect();
            if texts.is_none() {
                self.errors.push(format!("{origin} is not valid UTF-8"));
            }
            return texts.map(|texts| RawValue { origin, texts });
        }
        let origin = setting.variable()?;
        let text = self.variable(&origin)?;
        let texts = if setting.arity == Arity::Repeated {
            let lines = text.lines().map(str::trim);
            lines.filter(|line| !line.is_empty()).collect()
        } else {
            vec![text]
        };
        Some(RawValue { origin, texts })
    }

    /// Returns the value of an environment variable, unless it is empty.
    pub(super) fn variable(&mut self, name: &str) -> Option<&'a str> {
        let value = self.raw.environment.get(OsStr::new(name))?.to_str();
        if value.is_none() {
            self.errors.push(format!("{name} is not valid UTF-8"));
        }
        value.filter(|text| !text.trim().is_empty())
    }

    /// Returns whether a value contains the token or a similar text, or is a URL with credentials.
    pub(super) fn looks_like_secret(&self, value: &str) -> bool {
        let token = self.raw.environment.get(OsStr::new(API_KEY_VARIABLE));
        let token = token.and_then(|token| token.to_str()).map(str::trim);
        token.is_some_and(|token| !token.is_empty() && value.contains(token))
            || looks_like_token(value)
            // Credentials of a URL, which may be invalid.
            || value
                .split_once('@')
                .is_some_and(|(user, _)| user.contains(':'))
    }

    /// Quotes a value for a message, or redacts it if it looks like a secret.
    pub(super) fn quoted(&self, value: &str) -> String {
        if self.looks_like_secret(value) {
            return REDACTED.to_owned();
        }
        format!("{value:?}")
    }
}
