import ArgumentParser
@main struct Upstream: AsyncParsableCommand { func run() async throws {} }
