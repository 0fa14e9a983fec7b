//! The `aioibkr-mock-gateway` program.

fn main() {
    std::process::exit(aioibkr_mock_gateway::run(std::env::args().skip(1)));
}
