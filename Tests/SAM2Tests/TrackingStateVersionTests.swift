import Bytes
import Media
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// Old states, and the versions that policies have of their own.
@Suite struct TrackingStateVersionTests {
  /// A file of version 2, which had neither trackers nor predicted IoUs: the state of
  /// `busyPredictor`.
  @Test func statesOfVersion2AreReadable() throws {
    let (video, propagation) = try BusyVideo.busyPredictor()
    let other = try BusyVideo.predictor()
    let restored = try #require(
      try other.restoreState(from: fixturePath("tracking-state-2.bin")))
    #expect(restored.frames == propagation.frames.suffix(restored.frames.count))
    #expect(other.objectIDs == video.objectIDs)
    for (old, new) in zip(other.objects, video.objects) {
      #expect(old.points == new.points && old.maskFrames == new.maskFrames)
      #expect(
        old.tracked == new.tracked
          && old.policies == TrackingPolicies.plain)
      let tables: [KeyPath<TrackedObject, FrameTable<FrameOutput>>] = [
        \.conditioning, \.recent, \.pendingConditioning, \.pendingRecent,
      ]
      for table in tables {
        #expect(old[keyPath: table].frames == new[keyPath: table].frames)
        for frame in old[keyPath: table].frames {
          let (a, b) = (old[keyPath: table][frame], new[keyPath: table][frame])
          #expect(a?.logits.floats() == b?.logits.floats())
          #expect(a?.pointer.floats() == b?.pointer.floats())
          #expect(a?.memory?.floats() == b?.memory?.floats())
          #expect(a?.objectScore == b?.objectScore && a?.scores.predictedIoU == nil)
        }
      }
    }
    var (first, second) = (propagation, restored)
    while let a = try first.next(), let b = try second.next() {
      #expect(a.frame == b.frame)
      for (x, y) in zip(a.objects, b.objects) {
        #expect(x.lowResolutionLogits.floats() == y.lowResolutionLogits.floats())
      }
    }
    #expect(first.progress.done == first.progress.total)
    #expect(second.progress.done == second.progress.total)
  }

  @Test func scoresAndPoliciesAreKept() throws {
    try withTemporaryFolder { folder in
      let (video, _) = try BusyVideo.busyPredictor()
      try video.saveState(to: folder + "/state")
      let other = try BusyVideo.predictor()
      _ = try other.restoreState(from: folder + "/state")
      var count = 0
      for (a, b) in zip(video.objects, other.objects) {
        #expect(a.policies == b.policies)
        for frame in a.recent.frames {
          #expect(a.recent[frame]?.scores == b.recent[frame]?.scores)
          count += a.recent[frame]?.scores.predictedIoU == nil ? 0 : 1
        }
      }
      #expect(count > 4)
    }
  }

  @Test func policiesOfAnotherKindOrVersionAreRefused() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state"
      try BusyVideo.busyPredictor().video.saveState(to: path)
      let bytes = try #require(fileBytes(path))
      func restore(_ edit: (inout [UInt8]) -> Void) throws {
        var edited = bytes
        edit(&edited)
        let checksum = edited.dropLast(4).withUnsafeBytes { CRC32.checksum($0) }
        edited.replaceSubrange((edited.count - 4)..., with: littleEndianBytes(checksum))
        try PictureFile.write(edited, to: path)
        _ = try BusyVideo.predictor().restoreState(from: path)
      }
      try restore { _ in }
      // The last object ends with two records of six bytes; eight of notes and the checksum follow.
      let records = bytes.count - 4 - 8 - 12
      for record in [records, records + 6] {
        #expect(throws: failure("state.damaged")) { try restore { $0[record] = 1 } }
        #expect(throws: failure("state.version")) { try restore { $0[record + 1] = 2 } }
        #expect(throws: failure("state.damaged")) {
          try restore {
            $0[record + 2] = 1
            $0.insert(7, at: record + 6)
          }
        }
        #expect(throws: failure("state.truncated")) { try restore { $0[record + 5] = 0x7F } }
      }
      // The tracker, after model, sizes, video and options.
      #expect(throws: failure("state.options")) { try restore { $0[85] = 1 } }
    }
  }
}
