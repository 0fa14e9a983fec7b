//! The texts of coded notices that belong to no request, and of the refusals every handler uses.
//! Farm names are glued to the text as real gateways do (S3).

/// The state of the farms of a healthy gateway, sent to every new client (S2, S5); a farm for history
/// that sleeps is told as such (S3).
pub(crate) const fn farms(has_idle_history_farm: bool) -> [i32; 3] {
    [2104, if has_idle_history_farm { 2107 } else { 2106 }, 2158]
}

/// The text a gateway sends with a code on its own.
pub(crate) fn text(code: i32) -> String {
    let known = TEXTS.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| format!("Notice {code}"), |(_, text)| (*text).to_owned())
}

const TEXTS: [(i32, &str); 17] = [
    (100, "Max rate of messages per second has been exceeded:max=50 rec=51 (1)"),
    (326, "Unable to connect as the client id is already in use. Retry with a unique client id."),
    (1100, "Connectivity between IBKR and Trader Workstation has been lost."),
    (1101, "Connectivity between IBKR and Trader Workstation has been restored - data lost."),
    (
        1102,
        "Connectivity between IBKR and Trader Workstation has been restored - data maintained. \
         All data farms are connected: usfarm; ushmds; secdefnj.",
    ),
    (1300, "TWS socket port has been reset and this connection is being dropped."),
    (2100, "API client has been unsubscribed from account data."),
    (2103, "Market data farm connection is broken:usfarm"),
    (2104, "Market data farm connection is OK:usfarm"),
    (2105, "HMDS data farm connection is broken:ushmds"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2107, "HMDS data farm connection is inactive but should be available upon demand.ushmds"),
    (2108, "Market data farm connection is inactive but should be available upon demand.usfarm"),
    (
        2110,
        "Connectivity between Trader Workstation and server is broken. It will be restored automatically.",
    ),
    (2119, "Market data farm is connecting:usfarm"),
    (2157, "Sec-def data farm connection is broken:secdefnj"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
];
