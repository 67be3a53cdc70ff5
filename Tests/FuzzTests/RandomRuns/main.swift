import Differential
import Glibc
import Runtime

// The program that `Scripts/fuzz.sh random` runs, with the arguments WHAT (runtime or passes), COUNT
// and the first SEED. The seed at work is always in the file that SEED_FILE names, for graphs that
// end the process.

guard CommandLine.arguments.count == 4, let count = UInt64(CommandLine.arguments[2]),
  let first = UInt64(CommandLine.arguments[3])
else {
  print("random-runs WHAT COUNT SEED")
  exit(64)
}
let what = CommandLine.arguments[1]
let levels = KernelTable.testedLevels
let seedFile = getenv("SEED_FILE").map { open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
var run = RandomRun()
for seed in first..<(first + count) {
  if let seedFile {
    let text = "\(seed)\n"
    _ = text.withCString { pwrite(seedFile, $0, strlen($0), 0) }
  }
  let known = run.disagreements.count
  if what == "passes" {
    run.checkPasses(seed: seed)
  } else {
    run.check(seed: seed, level: levels[Int(seed % UInt64(levels.count))])
  }
  for text in run.disagreements.dropFirst(known) { print(text) }
  fflush(nil)
}
for (verdict, number) in run.verdicts { print("\(verdict): \(number)") }
print("disagreements: \(run.disagreements.count)")
exit(run.disagreements.isEmpty ? 0 : 1)
