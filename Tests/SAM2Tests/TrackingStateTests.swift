import Bytes
import Media
import Tensors
import TestSupport
import Testing

@testable import SAM2

@Suite struct TrackingStateTests {
  @Test func savesEverythingAndRestoresIt() throws {
    try withTemporaryFolder { folder in
      let (video, propagation) = try BusyVideo.busyPredictor()
      try video.saveState(to: folder + "/a", propagation: propagation)
      let other = try BusyVideo.predictor()
      let restored = try #require(try other.restoreState(from: folder + "/a"))
      #expect(restored.frames == [6, 5, 4, 3, 2, 1, 0] && restored.isReverse)
      #expect(other.objectIDs == [7, -3])
      try other.saveState(to: folder + "/b", propagation: restored)
      #expect(fileBytes(folder + "/a") == fileBytes(folder + "/b"))
      // An annotation that is not final yet is part of the state.
      try video.addPoints(frame: 9, object: 7, points: BusyVideo.click)
      try video.saveState(to: folder + "/a")
      #expect(try other.restoreState(from: folder + "/a")?.frames == nil)
      #expect(other.objects[0].pendingConditioning.frames == [9])
    }
  }

  @Test func refusesStatesOfSomethingElse() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state"
      try BusyVideo.busyPredictor().video.saveState(to: path)
      var options = VideoOptions()
      options.fillHoleArea = 0
      #expect(throws: failure("state.options")) {
        try BusyVideo.predictor(options: options).restoreState(from: path)
      }
      #expect(throws: failure("state.video")) {
        try BusyVideo.predictor(frames: 11).restoreState(from: path)
      }
      #expect(throws: failure("state.video")) {
        try BusyVideo.predictor(width: 41).restoreState(from: path)
      }
    }
  }

  @Test func anOutdatedPropagationIsNotSaved() throws {
    try withTemporaryFolder { folder in
      let (video, propagation) = try BusyVideo.busyPredictor()
      try video.removeObject(7)
      #expect(throws: failure("track.changed")) {
        try video.saveState(to: folder + "/state", propagation: propagation)
      }
    }
  }

  @Test func damagedFilesAreRefusedAndChangeNothing() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state"
      let (video, propagation) = try BusyVideo.busyPredictor()
      try video.saveState(to: path, propagation: propagation)
      let bytes = try #require(fileBytes(path))
      let other = try BusyVideo.predictor()
      try other.addPoints(frame: 1, object: 4, points: BusyVideo.click)

      // One whole round trip, and then from memory: writing files takes its time.
      var broken = bytes
      broken[broken.count / 2] ^= 1
      try PictureFile.write(broken, to: path)
      #expect(throws: failure("state.damaged")) { try other.restoreState(from: path) }
      #expect(other.objectIDs == [4])

      func read(_ damaged: [UInt8]) throws {
        let storage = ByteStorage(byteCount: damaged.count) { $0.copyBytes(from: damaged) }
        var reader = try StateReader(storage, expecting: TrackingState(of: other))
        _ = try reader.readHead()
        _ = try reader.readObjects()
        _ = try reader.readNotes()
      }
      for count in Array(0..<200) + [bytes.count / 2, bytes.count - 1] {
        #expect(throws: Failure.self, "\(count) bytes") { try read(Array(bytes[..<count])) }
      }
      for position in stride(from: 0, to: bytes.count, by: 997) {
        var damaged = bytes
        damaged[position] ^= 0x10
        #expect(throws: Failure.self, "byte \(position)") { try read(damaged) }
      }
      #expect(throws: failure("state.version")) {
        var later = bytes
        later[8] = UInt8(TrackingState.version) + 1
        try read(later)
      }
      // With a checksum that fits: refused or read, but never trusted.
      for position in 12..<260 {
        for value: UInt8 in [0, 0x7F, 0xFF] {
          var hostile = bytes
          hostile[position] = value
          let checksum = hostile.dropLast(4).withUnsafeBytes { CRC32.checksum($0) }
          hostile.replaceSubrange((bytes.count - 4)..., with: littleEndianBytes(checksum))
          try? read(hostile)
        }
      }
    }
  }

  // Kernels without optimisation are fifty times slower.
  #if !DEBUG
  /// Stops a job in the middle and resumes it with another predictor.
  @Test(arguments: [true, false])
  func resumesWithTheSameMasks(keepsHistory: Bool) throws {
    try withTemporaryFolder { folder in
      func annotated() throws -> VideoPredictor {
        let video = try VideoPredictor(
          try Nano.model.get(), frames: FrameSource(path: Nano.path("clip")))
        try video.addPoints(frame: 0, object: 1, points: [.init(x: 42, y: 58)])
        try video.addPoints(frame: 1, object: 2, box: .init(x0: 111, y0: 60, x1: 169, y1: 122))
        return video
      }
      var whole: [FrameResult] = []
      try annotated().propagate(keepsHistory: keepsHistory) { result, _ in
        whole.append(result)
        return true
      }

      let first = try annotated()
      var propagation = try first.propagation(keepsHistory: keepsHistory)
      for _ in 0..<4 { _ = try propagation.next() }
      try first.saveState(to: folder + "/state", propagation: propagation)
      let second = try VideoPredictor(
        try Nano.model.get(), frames: FrameSource(path: Nano.path("clip")))
      var rest = try #require(try second.restoreState(from: folder + "/state"))
      for expected in whole[4...] {
        let next = try rest.next()
        let result = try #require(next)
        #expect(result.frame == expected.frame)
        for (a, b) in zip(result.objects, expected.objects) {
          #expect(a.id == b.id && a.objectScore == b.objectScore)
          #expect(a.lowResolutionLogits.floats() == b.lowResolutionLogits.floats())
        }
      }
      let end = try rest.next()
      #expect(end?.frame == nil)
    }
  }
  #endif
}
