import ArgumentParser
struct DoctorCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "doctor") }
struct BenchCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "bench") }
struct SampleCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "sample") }
struct ScoreCommand: ParsableCommand { static let configuration = CommandConfiguration(commandName: "score") }
