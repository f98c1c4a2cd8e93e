import ArgumentParser
@main struct TomboloCommand: AsyncParsableCommand { func run() async throws {} }
