import Foundation

/// Works in the store in the folder given, until it is killed: `offline-load FOLDER [edit | name | finish]`. What it prints, a line
/// each, is what the tests may rely on.
let arguments = CommandLine.arguments
switch arguments.count > 2 ? arguments[2] : "edit" {
case "name": try await NamingLoad.open(arguments[1]).makeAndName()
case "finish": try await NamingLoad.open(arguments[1]).finish()
default: try await editUntilKilled(arguments[1])
}

/// One write a line, unbuffered: whoever reads must see it even when the process is killed right after.
func tell(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
