//! The `aioibkr-mock-gateway` program: the gateway, or with `record` the recorder.

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    std::process::exit(match arguments.next_if(|argument| argument == "record") {
        Some(_) => aioibkr_mock_gateway::record(arguments),
        None => aioibkr_mock_gateway::run(arguments),
    });
}
