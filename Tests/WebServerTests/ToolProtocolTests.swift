import Annotations
import Bytes
import JSON
import Media
import SAM2
import SampleScene
import TestSupport
import Testing
import Workbench

/// Requests in the form in which the clients of other tools send them get what those clients read.
@Suite("Protocols of other tools", .serialized)
struct ToolProtocolTests {
  private static let dataAddress = Result {
    "data:image/png;base64," + Base64.encode(try LiveServer.png())
  }

  /// The best mask of the library for a click on the sample picture.
  private func expected(_ server: LiveServer, _ prompt: Prompt) throws -> BinaryMask {
    let predictor = ImagePredictor(server.workbench.model)
    try predictor.setImage(LiveServer.still.image)
    let isClick = prompt.points.count == 1 && prompt.box == nil
    let prediction = try predictor.predict(prompt, multimask: isClick)
    return prediction.mask(prediction.best)
  }

  // MARK: - Label Studio

  private static let config = """
    <View><!-- <BrushLabels name="no" toName="image"/> -->
      <Image name="image" value="$picture" zoom="true"/>
      <BrushLabels name="tag" toName="image"><Label value="Thing &amp; more"/></BrushLabels>
      <KeyPointLabels name="kp" toName="image" smart="true"><Label value="Thing"/></KeyPointLabels>
    </View>
    """

  private func predict(
    _ server: LiveServer, _ region: JSONValue, config: String = config
  ) async throws -> RawClient.Reply {
    try await server.json(
      "POST", "/predict",
      [
        "tasks": [["id": 1, "data": ["picture": .string(try Self.dataAddress.get())]]],
        "model_version": "x", "project": "1.1700000000", "label_config": .string(config),
        "params": ["login": .null, "password": .null, "context": ["result": [region]]],
      ])
  }

  @Test("Label Studio gets the brush mask of a key point")
  func labelStudioKeyPoint() async throws {
    try await LiveServer.with { server in
      let setup = try await server.json(
        "POST", "/setup",
        [
          "project": "1.1700000000", "schema": .string(Self.config),
          "hostname": "http://localhost:8080", "access_token": "t", "extra_params": .null,
        ])
      #expect(setup.status == 200)
      let version = try setup.json["model_version"]?.string
      #expect(version?.hasPrefix("sam2-swift") == true)
      let reply = try await predict(
        server,
        [
          "original_width": 160, "original_height": 120, "image_rotation": 0, "id": "a",
          "value": ["x": 37.5, "y": 41.666_666_67, "width": 0.3, "keypointlabels": ["Thing"]],
          "is_positive": true, "from_name": "kp", "to_name": "image", "type": "keypointlabels",
        ])
      #expect(reply.status == 200)
      let region = try #require(try reply.json["results"]?[0]?["result"]?[0])
      #expect(region["from_name"]?.string == "tag" && region["to_name"]?.string == "image")
      #expect(region["type"]?.string == "brushlabels")
      #expect(region["original_width"]?.int == 160 && region["image_rotation"]?.int == 0)
      #expect(region["value"]?["brushlabels"]?[0]?.string == "Thing")
      let mask = try expected(server, Prompt(points: [.init(x: 60, y: 50)]))
      let runs = region["value"]?["rle"]?.array?.compactMap(\.int)
      #expect(runs == BrushRuns.encode(mask).map { Int($0) })
    }
  }

  @Test("Label Studio gets the brush mask of a rectangle")
  func labelStudioRectangle() async throws {
    try await LiveServer.with { server in
      let reply = try await predict(
        server,
        [
          "original_width": 160, "original_height": 120, "image_rotation": 0,
          "value": ["x": 25, "y": 25, "width": 25, "height": 25, "rectanglelabels": ["Box"]],
          "from_name": "r", "to_name": "image", "type": "rectanglelabels",
        ])
      let region = try #require(try reply.json["results"]?[0]?["result"]?[0])
      #expect(region["value"]?["brushlabels"]?[0]?.string == "Box")
      let mask = try expected(server, Prompt(box: .init(x0: 40, y0: 30, x1: 80, y1: 60)))
      let runs = region["value"]?["rle"]?.array?.compactMap(\.int)
      #expect(runs == BrushRuns.encode(mask).map { Int($0) })
    }
  }

  @Test("Label Studio hears what is wrong with its configuration or task")
  func labelStudioRefusals() async throws {
    try await LiveServer.with { server in
      let point: JSONValue = [
        "value": ["x": 1, "y": 1, "keypointlabels": ["a"]], "type": "keypointlabels",
      ]
      let noBrush = try await predict(server, point, config: "<View><Image name=\"i\"/></View>")
      #expect(noBrush.status == 400 && noBrush.code == "label_studio.config")
      let ellipse: JSONValue = ["value": ["x": 1, "y": 1], "type": "ellipselabels"]
      let wrong = try await predict(server, ellipse)
      #expect(wrong.status == 400 && wrong.code == "label_studio.context")
      let elsewhere = try await server.json(
        "POST", "/predict",
        [
          "tasks": [["data": ["picture": "http://evil.example/a.png"]]],
          "label_config": .string(Self.config), "params": ["context": ["result": [point]]],
        ])
      #expect(elsewhere.status == 403 && elsewhere.code == "serve.address")
      let nothing = try await server.json("POST", "/predict", ["tasks": []])
      let results = try nothing.json["results"]?.array
      #expect(results?.isEmpty == true)
      let event = try await server.json("POST", "/webhook", ["action": "ANNOTATION_CREATED"])
      #expect(event.status == 201)
    }
  }

  // MARK: - X-AnyLabeling

  @Test("X-AnyLabeling finds the models, and gets polygons for its marks")
  func xAnyLabeling() async throws {
    try await LiveServer.with { server in
      let models = try await server.send("GET", "/v1/models", ["Token": ""]).json
      let widgets = models["data"]?["sam2"]?["widgets"]?.array?.compactMap { $0["name"]?.string }
      #expect(widgets?.contains("button_add_point") == true)
      #expect(models["data"]?["sam2_video"]?["batch_processing_mode"]?.string == "video")
      let info = try await server.send("GET", "/v1/models/sam2/info").json
      #expect(info["data"]?["model_id"]?.string == "sam2")
      let reply = try await server.json(
        "POST", "/v1/predict",
        [
          "model": "sam2", "image": .string(try Self.dataAddress.get()),
          "params": [
            "conf_threshold": 0.0, "iou_threshold": 0.0, "epsilon_factor": 0.0,
            "marks": [["type": "point", "data": [60, 50], "label": 1]],
          ],
        ])
      let data = try #require(try reply.json["data"])
      let shape = try #require(data["shapes"]?[0])
      #expect(shape["label"]?.string == "AUTOLABEL_OBJECT")
      #expect(shape["shape_type"]?.string == "polygon" && data["replace"]?.bool == false)
      let mask = try expected(server, Prompt(points: [.init(x: 60, y: 50)]))
      let polygons = MaskPolygons.parts(of: mask, tolerance: 0)
      let points = try #require(shape["points"]?.array).map { point in
        Outline.Point(x: point[0]?.double ?? -1, y: point[1]?.double ?? -1)
      }
      #expect(points == polygons[0])
      #expect(data["shapes"]?.array?.count == polygons.count)
    }
  }

  @Test(
    "X-AnyLabeling gets failures in the form of its protocol",
    arguments: [
      ("{\"model\": \"yolo\", \"image\": \"\"}", "MODEL_NOT_FOUND"),
      ("{\"model\": \"sam2\", \"image\": \"data:image/png;base64,////\"}", "x_anylabeling.marks"),
      (
        "{\"model\": \"sam2\", \"image\": \"data:image/png;base64,////\", "
          + "\"params\": {\"marks\": [{\"type\": \"point\", \"data\": [1, 1]}]}}", "INVALID_IMAGE"
      ),
      ("{\"model\": \"sam2\", \"image\": \"!\"}", "INVALID_IMAGE"), ("{}", "json.missing"),
    ])
  func xAnyLabelingFailures(_ text: String, _ code: String) async throws {
    try await LiveServer.with { server in
      let reply = try await server.send(
        "POST", "/v1/predict", ["Content-Type": "application/json"], body: Array(text.utf8))
      #expect(reply.status == 200)
      let json = try reply.json
      #expect(json["success"]?.bool == false && json["error"]?["code"]?.string == code)
    }
  }

  @Test("X-AnyLabeling tracks through frames, with a number of object of its own")
  func xAnyLabelingVideo() async throws {
    try await LiveServer.with { server in
      let clip = SampleScene(seed: 5).clip(width: 128, height: 96)
      let frames = try (0..<4).map { frame in
        "data:image/png;base64," + Base64.encode(try PNGWriter.encode(clip.frame(frame).image))
      }
      let started = try await server.json(
        "POST", "/v1/video/init",
        [
          "model": "sam2_video", "frames": .array(frames.map { .string($0) }),
          "start_frame_index": 0,
        ])
      let session = try #require(try started.json["data"]?["session_id"]?.string)
      let mark = clip.frame(0).prompts[0]
      let prompt = try await server.json(
        "POST", "/v1/video/prompt",
        [
          "session_id": .string(session), "model": "sam2_video", "frame_index": 0,
          "points": [[.number(Double(mark.x) / 128), .number(Double(mark.y) / 96)]],
          "point_labels": [1], "obj_id": 10000,
          "params": ["conf_threshold": 0.0, "epsilon_factor": 0.001],
        ])
      let mask = try #require(try prompt.json["data"]?["masks"]?[0])
      #expect(mask["shape_type"]?.string == "polygon" && mask["group_id"]?.int == 10000)

      let stream = try await server.json(
        "POST", "/v1/video/propagate/stream",
        ["session_id": .string(session), "model": "sam2_video", "start_frame": 0])
      let lines = String(decoding: stream.body, as: UTF8.self).split(separator: "\n")
        .filter { $0.hasPrefix("data: ") }
      let events = try lines.map { try JSONValue(parsing: String($0.dropFirst(6))) }
      let types = events.compactMap { $0["type"]?.string }
      #expect(types == ["started", "progress", "progress", "progress", "progress", "completed"])
      #expect(events.first?["total_frames"]?.int == 4)
      let last = events.last?["results"]?["3"]?["masks"]?[0]
      #expect(last?["group_id"]?.int == 10000)

      let cleanup = try await server.send("POST", "/v1/video/cleanup/\(session)?model=sam2_video")
      let found1 = try cleanup.json["success"]?.bool
      #expect(found1 == true)
      #expect(server.workbench.videos.count == 0)
    }
  }

  // MARK: - samapi

  @Test("QuPath gets features of GeoJSON")
  func samapi() async throws {
    try await LiveServer.with { server in
      let version = try await server.send("GET", "/sam/version/")
      #expect(String(decoding: version.body, as: UTF8.self) == "0.7.1")
      let picture = JSONValue.string(Base64.encode(try LiveServer.png()))
      let reply = try await server.json(
        "POST", "/sam/",
        [
          "type": "sam2_t", "bbox": .null, "point_coords": [[60, 50]], "point_labels": [1],
          "b64img": picture, "b64mask": .null, "multimask_output": true, "checkpoint_url": .null,
        ])
      let features = try #require(try reply.json.array)
      #expect(features.count == 3)
      #expect(features.allSatisfy { $0["type"]?.string == "Feature" })
      #expect(features[0]["properties"]?["sam_model"]?.string == "sam2_t")
      let ring = try #require(features[0]["geometry"]?["coordinates"]?[0]?.array)
      #expect(ring.count > 3 && ring.first == ring.last)

      let all = try await server.json(
        "POST", "/sam/automask/",
        ["type": "sam2_t", "b64img": picture, "points_per_side": 4, "output_type": "Single Mask"])
      #expect(all.status == 200)
      let other = try await server.json(
        "POST", "/sam/", ["type": "vit_h", "b64img": picture, "point_coords": [[1, 1]]])
      #expect(other.status == 400 && other.code == "samapi.type")
    }
  }

  @Test("QuPath gets a tracked stack, with its own numbers and planes")
  func samapiVideo() async throws {
    try await LiveServer.with { server in
      let clip = SampleScene(seed: 5).clip(width: 128, height: 96)
      let frames = try (0..<3).map { frame in
        JSONValue.string(Base64.encode(try PNGWriter.encode(clip.frame(frame).image)))
      }
      let mark = clip.frame(0).prompts[0]
      let reply = try await server.json(
        "POST", "/sam/video/",
        [
          "type": "sam2_t", "b64imgs": .array(frames), "axes": "XYZ", "plane_position": 7,
          "start_frame_idx": 0, "max_frame_num_to_track": .null,
          "objs": [
            "0": [
              [
                "obj_id": 42, "point_coords": [[.init(mark.x), .init(mark.y)]],
                "point_labels": [1], "bbox": .null,
              ]
            ]
          ],
        ])
      let features = try #require(try reply.json.array)
      #expect(!features.isEmpty)
      #expect(features.allSatisfy { $0["properties"]?["object_idx"]?.int == 42 })
      let slices = Set(features.compactMap { $0["geometry"]?["plane"]?["z"]?.int })
      #expect(slices.isSubset(of: [0, 1, 2]) && slices.contains(0))
      #expect(features[0]["geometry"]?["plane"]?["t"]?.int == 7)
      #expect(server.workbench.videos.count == 0)
    }
  }

  @Test("QuPath uploads its frames one by one, and has them tracked by the name of their folder")
  func samapiUploads() async throws {
    try await LiveServer.with { server in
      let clip = SampleScene(seed: 5).clip(width: 128, height: 96)
      let mark = clip.frame(0).prompts[0]
      // In another order than they are shown in.
      for frame in [2, 0, 10] {
        let picture = try JPEGWriter.encode(clip.frame(frame).image)
        let reply = try await server.form(
          "/sam/upload/", ["dirname": Array("a-b".utf8)], file: "\(frame).jpg", picture)
        let name = try reply.json["filename"]?.string
        #expect(reply.status == 200 && name == "\(frame).jpg")
      }
      let request: JSONValue = [
        "type": "sam2_t", "dirname": "a-b", "axes": "XYT", "plane_position": 3,
        "objs": [
          "0": [
            [
              "obj_id": 0, "point_coords": [[.init(mark.x), .init(mark.y)]], "point_labels": [1],
            ]
          ]
        ],
      ]
      let features = try #require(
        try await server.json("POST", "/sam/video/", request).json.array)
      let times = Set(features.compactMap { $0["geometry"]?["plane"]?["t"]?.int })
      #expect(times.isSubset(of: [0, 1, 2]) && times.contains(0))
      #expect(features.allSatisfy { $0["geometry"]?["plane"]?["z"]?.int == 3 })
      // They are taken once.
      let again = try await server.json("POST", "/sam/video/", request)
      #expect(again.status == 404 && again.code == "serve.unknown_id")
    }
  }

  @Test(
    "refuses bodies that are not forms",
    arguments: [
      ("text/plain", "x"), ("multipart/form-data", "--b\r\n"),
      ("multipart/form-data; boundary=b", ""), ("multipart/form-data; boundary=b", "--b"),
      ("multipart/form-data; boundary=b", "--b\r\nx\r\n--b--"),
      (
        "multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n"
      ),
    ])
  func badForms(_ type: String, _ body: String) async throws {
    try await LiveServer.with { server in
      let reply = try await server.send(
        "POST", "/sam/upload/", ["Content-Type": type], body: Array(body.utf8))
      #expect(reply.status == 400 && reply.code == "serve.form")
    }
  }

  @Test("ends work that clients wait for when it takes too long")
  func patience() async throws {
    var limits = WorkLimits()
    limits.requestSeconds = 0
    try await LiveServer.with(limits: limits) { server in
      let picture = JSONValue.string(Base64.encode(try LiveServer.png()))
      let all = try await server.json(
        "POST", "/sam/automask/", ["type": "sam2_t", "b64img": picture, "points_per_side": 8])
      #expect(all.status == 408 && all.code == "serve.timeout")
      let track = try await server.json(
        "POST", "/sam/video/",
        [
          "type": "sam2_t", "b64imgs": .array([picture, picture, picture, picture]),
          "objs": ["0": [["obj_id": 1, "point_coords": [[60, 50]], "point_labels": [1]]]],
        ])
      #expect(track.status == 408 && track.code == "serve.timeout")
      #expect(server.workbench.videos.count == 0)
    }
  }

  @Test("keeps uploaded frames within their limits")
  func uploadLimits() async throws {
    var limits = WorkLimits()
    (limits.uploadBytes, limits.videos) = (100, 2)
    try await LiveServer.with(limits: limits) { server in
      func upload(_ folder: String, _ count: Int) async throws -> RawClient.Reply {
        try await server.form(
          "/sam/upload/", ["dirname": Array(folder.utf8)], file: "0.jpg",
          [UInt8](repeating: 1, count: count))
      }
      let found = try await [upload("a", 60), upload("b", 60), upload("b", 40), upload("c", 0)]
      #expect(found.map(\.status) == [200, 429, 200, 429])
      let replaced = try await upload("a", 50)
      #expect(replaced.status == 200)
    }
  }
}
