//! How IB says that a login may not see data: by a code of its own, or by the text of another.

/// Codes that say nothing else.
const CODES: [i32; 6] = [354, 10089, 10090, 10091, 10168, 10186];

/// Codes for many causes, whose text says which: a refused history, a refused real-time query.
const AMBIGUOUS: [i32; 3] = [162, 321, 420];

/// Whether a code and its text say that the login lacks a subscription or a permission for data.
/// Asking again does not help.
pub(crate) fn is_missing_entitlement(code: i32, text: &str) -> bool {
    CODES.contains(&code) || AMBIGUOUS.contains(&code) && speaks_of_permissions(text)
}

fn speaks_of_permissions(text: &str) -> bool {
    text.to_ascii_lowercase().contains("market data permissions")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_told_by_code_or_by_text() {
        let permissions = "Invalid Real-time Query:No market data permissions for ISLAND STK";
        let table = [
            (354, "", true),
            (10089, "", true),
            (420, permissions, true),
            (162, "Historical error message:No market data permissions for NYSE", true),
            (420, "Invalid Real-time Query:Historical data request pacing violation", false),
            (162, "HMDS query returned no data: X", false),
            (200, permissions, false),
        ];

        for (code, text, expected) in table {
            assert_eq!(is_missing_entitlement(code, text), expected, "{code} {text}");
        }
    }
}
