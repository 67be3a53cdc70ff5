import Annotations
import Bytes
import JSON
import Media
import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Ledgers of videos")
struct VideoLedgerTests {
  private func picture(_ frame: Int, _ masks: [AnnotatedMask]) -> AnnotatedPicture {
    AnnotatedPicture(
      name: "\(frame).jpg", stem: "\(frame)", index: frame, width: 4, height: 2, masks: masks)
  }

  private func mask(_ object: Int, _ bits: [Int]) -> AnnotatedMask {
    var mask = BinaryMask(width: 4, height: 2)
    for bit in bits { mask[bit % 4, bit / 4] = true }
    return AnnotatedMask(object: object, score: nil, mask: mask)
  }

  private func filled(keepsMasks: Bool = true, keepsReport: Bool = true) -> VideoLedger {
    var ledger = VideoLedger(keepsMasks: keepsMasks, keepsReport: keepsReport)
    ledger.remember(picture(3, [mask(1, [0])]))
    ledger.remember(picture(1, [mask(1, [0, 5]), mask(9, [7])]))
    ledger.remember(picture(3, [mask(2, [4, 6])]))
    for (frame, text) in [(3, "old"), (1, "one"), (3, "new")] {
      ledger.remember(["frame": .init(frame), "text": .string(text)], of: frame)
    }
    ledger.skip(2, failure("video.damaged"))
    return ledger
  }

  @Test("The last result of each frame counts, in the order of the frames")
  func last() throws {
    let ledger = filled()
    #expect(ledger.pictures.map(\.index) == [1, 3])
    #expect(ledger.pictures[1].masks.map(\.object) == [2])
    #expect(ledger.report.map { $0["text"]?.string } == ["one", "new"])
    #expect(ledger.isSkipped(2) && !ledger.isSkipped(1))
    #expect(ledger.skipReport.first?["code"]?.string == "video.damaged")
  }

  @Test("Notes bring everything back")
  func notes() throws {
    let ledger = filled()
    var restored = VideoLedger(keepsMasks: true, keepsReport: true)
    try restored.restore(ledger.notes(), width: 4, height: 2, picture: picture)
    let isSame = restored.notes() == ledger.notes()
    #expect(isSame)
    #expect(try restored.pictures[0].masks[0].pixels().area == 2)
  }

  @Test("Results that a job does not need are not kept; those it needs have to be in the notes")
  func partial() throws {
    let ledger = filled(keepsMasks: false)
    #expect(ledger.pictures.isEmpty && ledger.report.count == 2)
    var needsMasks = VideoLedger(keepsMasks: true, keepsReport: false)
    #expect(throws: failure("state.report")) {
      try needsMasks.restore(ledger.notes(), width: 4, height: 2, picture: picture)
    }
    var needsNothing = VideoLedger(keepsMasks: false, keepsReport: false)
    try needsNothing.restore(filled().notes(), width: 4, height: 2, picture: picture)
    #expect(needsNothing.pictures.isEmpty && needsNothing.skipReport.count == 1)
  }

  @Test(
    "Notes of something else are refused",
    arguments: [
      "", "{", "{\"masks\": [3], \"frames\": []}", "{\"masks\": [], \"frames\": [3]}",
      "{\"masks\": [{\"frame\": 0, \"masks\": [{\"object\": 1}]}], \"frames\": []}",
      "{\"masks\": [], \"frames\": [], \"skipped\": [{}]}",
    ])
  func damaged(text: String) {
    var ledger = VideoLedger(keepsMasks: true, keepsReport: true)
    #expect(throws: failure("state.notes")) {
      try ledger.restore(Array(text.utf8), width: 4, height: 2, picture: picture)
    }
  }
}
