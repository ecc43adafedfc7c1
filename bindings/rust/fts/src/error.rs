// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! How a call failed.

use std::fmt;
use std::sync::Arc;

use fts_sys as sys;

use crate::call::{text, view};
use crate::diagnostics::Diagnostics;
use crate::handle::handle;

/// What a call of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Any error, as callbacks return it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The kind of an error, numbered as in absl and gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Code {
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

const CODES: [(Code, sys::fts_code, &str); 16] = [
    (Code::Cancelled, sys::FTS_CODE_CANCELLED, "CANCELLED"),
    (Code::Unknown, sys::FTS_CODE_UNKNOWN, "UNKNOWN"),
    (Code::InvalidArgument, sys::FTS_CODE_INVALID_ARGUMENT, "INVALID_ARGUMENT"),
    (Code::DeadlineExceeded, sys::FTS_CODE_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
    (Code::NotFound, sys::FTS_CODE_NOT_FOUND, "NOT_FOUND"),
    (Code::AlreadyExists, sys::FTS_CODE_ALREADY_EXISTS, "ALREADY_EXISTS"),
    (Code::PermissionDenied, sys::FTS_CODE_PERMISSION_DENIED, "PERMISSION_DENIED"),
    (Code::ResourceExhausted, sys::FTS_CODE_RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED"),
    (Code::FailedPrecondition, sys::FTS_CODE_FAILED_PRECONDITION, "FAILED_PRECONDITION"),
    (Code::Aborted, sys::FTS_CODE_ABORTED, "ABORTED"),
    (Code::OutOfRange, sys::FTS_CODE_OUT_OF_RANGE, "OUT_OF_RANGE"),
    (Code::Unimplemented, sys::FTS_CODE_UNIMPLEMENTED, "UNIMPLEMENTED"),
    (Code::Internal, sys::FTS_CODE_INTERNAL, "INTERNAL"),
    (Code::Unavailable, sys::FTS_CODE_UNAVAILABLE, "UNAVAILABLE"),
    (Code::DataLoss, sys::FTS_CODE_DATA_LOSS, "DATA_LOSS"),
    (Code::Unauthenticated, sys::FTS_CODE_UNAUTHENTICATED, "UNAUTHENTICATED"),
];

impl Code {
    /// "INVALID_ARGUMENT".
    pub fn name(self) -> &'static str {
        CODES.iter().find(|c| c.0 == self).map_or("UNKNOWN", |c| c.2)
    }

    fn from_raw(raw: sys::fts_code) -> Self {
        CODES.iter().find(|c| c.1 == raw).map_or(Self::Unknown, |c| c.0)
    }

    fn to_raw(self) -> sys::fts_code {
        CODES.iter().find(|c| c.0 == self).map_or(sys::FTS_CODE_UNKNOWN, |c| c.1)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a call failed: a code, a message that names the object, the value, the
/// place and the fix, and details by key.
///
/// ```
/// let model = fts::Model::builder().parameter("head.weight", &[2, 4], "float32").build()?;
/// let text = "0: {params: [body.weight]}\n";
/// let options = fts::ScheduleOptions::new();
/// let error = fts::Schedule::resolve(&model, "s.yaml", text, &options).unwrap_err();
/// assert_eq!(error.code(), fts::Code::InvalidArgument);
/// assert_eq!(error.detail("line"), Some("1"));
/// assert_eq!(error.diagnostics().len(), 1);
/// # Ok::<(), fts::Error>(())
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: String,
    details: Vec<(String, String)>,
    diagnostics: Diagnostics,
    source: Option<Arc<BoxError>>,
}

impl Error {
    /// An error of the caller's, for callbacks.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            details: Vec::new(),
            diagnostics: Diagnostics::none(),
            source: None,
        }))
    }

    /// The kind.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The text: object, value, place, fix.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Facts by key, for programs. Of wrong input, the first error: "code"
    /// (docs/diagnostics.md), "file", "line", "column".
    pub fn details(&self) -> &[(String, String)] {
        &self.0.details
    }

    /// A detail by its key.
    pub fn detail(&self, key: &str) -> Option<&str> {
        self.0.details.iter().find(|d| d.0 == key).map(|d| d.1.as_str())
    }

    /// Every problem that was found in the input, warnings included; empty where
    /// the input was not what failed.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.0.diagnostics
    }

    pub(crate) fn with_diagnostics(mut self, diagnostics: Diagnostics) -> Self {
        self.0.diagnostics = diagnostics;
        self
    }

    pub(crate) fn with_detail(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.details.push((key.into(), value.into()));
        self
    }

    pub(crate) fn with_source(mut self, source: BoxError) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)?;
        for (key, value) in &self.0.details {
            write!(f, "\n  {key}: {value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    /// What a callback returned, as it was, where that is what failed.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|e| &***e as &(dyn std::error::Error + 'static))
    }
}

handle! {
    pub(crate) Status: fts_status, fts_status_retain, fts_status_release
}

impl Status {
    fn to_error(&self) -> Error {
        let raw = self.as_ptr();
        // SAFETY: views live as long as self, and are copied.
        unsafe {
            let mut error = Error::new(
                Code::from_raw(sys::fts_status_code(raw)),
                text(sys::fts_status_message(raw)),
            );
            for i in 0..sys::fts_status_num_details(raw) {
                error.0.details.push((
                    text(sys::fts_status_detail_key(raw, i)),
                    text(sys::fts_status_detail_value(raw, i)),
                ));
            }
            error
        }
    }
}

/// Takes over what a call returned.
pub(crate) fn check(status: *mut sys::fts_status) -> Result<()> {
    if status.is_null() {
        return Ok(());
    }
    Err(Status::from_raw(status).to_error())
}

/// The same for a status that stays the library's.
///
/// # Safety
/// `status` is null or alive.
pub(crate) unsafe fn check_borrowed(status: *const sys::fts_status) -> Result<()> {
    if !status.is_null() {
        // SAFETY: alive; the count taken here is given back by check.
        unsafe { sys::fts_status_retain(status.cast_mut()) };
    }
    check(status.cast_mut())
}

/// A status for a callback to return: that of an fts error, else UNKNOWN with
/// the error's text and its causes'.
pub(crate) fn to_status(error: &BoxError) -> *mut sys::fts_status {
    let (code, message) = match error.downcast_ref::<Error>() {
        Some(ours) => (ours.code(), ours.message().to_owned()),
        None => {
            let mut message = error.to_string();
            let mut cause = error.source();
            while let Some(inner) = cause {
                message += &format!(": {inner}");
                cause = inner.source();
            }
            (Code::Unknown, message)
        }
    };
    // SAFETY: the message is copied.
    unsafe { sys::fts_status_create(code.to_raw(), view(&message)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_library_s_names() {
        for (code, raw, name) in CODES {
            // SAFETY: name lives for ever, the status until it is released.
            let theirs = unsafe {
                let status = sys::fts_status_create(raw, view("x"));
                let theirs = text(sys::fts_status_code_name(status));
                sys::fts_status_release(status);
                theirs
            };
            assert_eq!(theirs, name);
            assert_eq!(Code::from_raw(code.to_raw()), code);
            assert_eq!(code.to_string(), name);
        }
        assert_eq!(Code::from_raw(99), Code::Unknown);
    }

    #[test]
    fn foreign_errors_keep_their_causes() {
        let inner = std::io::Error::other("disk full");
        let outer = Error::new(Code::DataLoss, "no export").with_source(inner.into());
        assert_eq!(std::error::Error::source(&outer).unwrap().to_string(), "disk full");
        let status = to_status(&Box::new(std::fmt::Error).into());
        let error = check(status).unwrap_err();
        assert_eq!(error.code(), Code::Unknown);
        let error = check(to_status(&outer.into())).unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::DataLoss, "no export"));
    }
}
