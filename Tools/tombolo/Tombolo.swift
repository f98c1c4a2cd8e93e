import ArgumentParser
import Hummingbird
@main struct TomboloCommand: AsyncParsableCommand { func run() async throws {} }
