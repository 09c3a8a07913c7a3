// swift-tools-version:6.2
import PackageDescription

// Targets stand in the order of their floors: words, contracts, rooms, engine, doors, shipped tests.
// `scripts/check-arrows.sh` holds the dependencies below against docs/concepts/architecture.md.

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let flyingFox = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "corpusmith",
    products: [
        .executable(name: "corpusmith", targets: ["corpusmith"]),
        .executable(name: "corpusmith-cell", targets: ["corpusmith-cell"]),
        .library(name: "CorpusKit", targets: ["CorpusKit"]),
        .library(name: "CorpusTesting", targets: ["CorpusTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", exact: "0.27.1"),
    ],
    targets: [
        // System libraries and C shims
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CAllocator", linkerSettings: [.linkedLibrary("jemalloc")]),
        .target(name: "CCurlShim", dependencies: ["CCurl"]),
        .target(name: "CSandbox"),
        .executableTarget(
            name: "corpusmith-cell",
            dependencies: ["CSandbox"],
            exclude: ["link"],
            // Static, since it may be started by somebody who can read no library; without Swift's runtime, of which it
            // has nothing to run: `link` has an empty stand-in.
            linkerSettings: [
                .unsafeFlags([
                    "-nostartfiles", "-Xclang-linker", "-static", "-LSources/corpusmith-cell/link",
                ])
            ]
        ),

        // Words
        .target(name: "CorpusModel", dependencies: ["CCrypto"]),
        .target(name: "CorpusDiagnostics"),
        .target(name: "CorpusText", dependencies: ["CZlib", "CZstd"]),

        // Contracts
        .target(name: "CorpusKit", dependencies: ["CorpusModel", "CorpusDiagnostics"]),
        .target(name: "CorpusConfig", dependencies: ["CorpusModel", "CorpusDiagnostics", yams]),

        // Rooms
        .target(name: "CorpusSeeds", dependencies: ["CorpusKit", "CorpusText"]),
        .target(name: "CorpusGenerators", dependencies: ["CorpusKit"]),
        .target(name: "CorpusVerifiers", dependencies: ["CorpusKit"]),
        .target(name: "CorpusFilters", dependencies: ["CorpusKit", "CorpusText"]),
        .target(name: "CorpusExporters", dependencies: ["CorpusKit", "CorpusText"]),
        .target(name: "CorpusBridges", dependencies: ["CorpusKit", "CorpusConfig", "CorpusDiagnostics"]),
        .target(name: "CorpusEndpoint", dependencies: ["CorpusKit", "CCurlShim"]),
        .target(name: "CorpusSandbox", dependencies: ["CorpusKit", "CSandbox"]),
        .target(name: "CorpusLedger", dependencies: ["CorpusModel", "CorpusText", grdb, sqlite]),

        // Engine
        .target(
            name: "CorpusPipeline",
            dependencies: ["CorpusKit", "CorpusConfig", "CorpusDiagnostics", "CorpusLedger", "CorpusText"]
        ),

        .target(name: "CorpusDashboard", dependencies: [flyingFox]),

        // Doors
        .target(
            name: "CorpusCommands",
            dependencies: [
                "CorpusKit", "CorpusConfig", "CorpusDiagnostics", "CorpusText", "CorpusSeeds",
                "CorpusGenerators",
                "CorpusVerifiers", "CorpusFilters", "CorpusExporters", "CorpusBridges", "CorpusEndpoint",
                "CorpusSandbox", "CorpusLedger", "CorpusPipeline", "CorpusDashboard", argumentParser,
            ]
        ),
        .executableTarget(name: "corpusmith", dependencies: ["CAllocator", "CorpusCommands"]),

        // Shipped tests
        .target(name: "CorpusTesting", dependencies: ["CorpusKit"]),

        // Tests
        .target(name: "CTestSupport", path: "Tests/CTestSupport"),
        .target(
            name: "TestSupport",
            dependencies: ["CTestSupport", "CorpusText", grdb],
            path: "Tests/Support"
        ),
        .testTarget(name: "CorpusModelTests", dependencies: ["CorpusModel"]),
        .testTarget(name: "CorpusDiagnosticsTests", dependencies: ["CorpusDiagnostics"]),
        .testTarget(name: "CorpusTextTests", dependencies: ["CorpusText"]),
        .testTarget(name: "CorpusKitTests", dependencies: ["CorpusKit", "CorpusModel", "TestSupport"]),
        .testTarget(
            name: "CorpusConfigTests",
            dependencies: ["CorpusConfig", "CorpusDiagnostics", "CorpusModel"]
        ),
        .testTarget(
            name: "CorpusSeedsTests",
            dependencies: ["CorpusSeeds", "CorpusKit", "CorpusTesting", "TestSupport"]
        ),
        .testTarget(
            name: "CorpusGeneratorsTests",
            dependencies: ["CorpusGenerators", "CorpusKit", "CorpusTesting", "TestSupport"]
        ),
        .testTarget(
            name: "CorpusVerifiersTests",
            dependencies: ["CorpusVerifiers", "CorpusKit", "CorpusTesting", "TestSupport"]
        ),
        .testTarget(
            name: "CorpusFiltersTests",
            dependencies: ["CorpusFilters", "CorpusKit", "CorpusTesting", "TestSupport"]
        ),
        .testTarget(
            name: "CorpusExportersTests",
            dependencies: ["CorpusExporters", "CorpusKit", "CorpusTesting"]
        ),
        .testTarget(
            name: "CorpusBridgesTests",
            dependencies: ["CorpusBridges", "CorpusDiagnostics", "CorpusKit", "CorpusTesting"]
        ),
        .testTarget(
            name: "CorpusEndpointTests",
            dependencies: ["CorpusEndpoint", "CorpusKit", "TestSupport"]
        ),
        .testTarget(name: "CorpusSandboxTests", dependencies: ["CorpusSandbox", "CorpusKit", "TestSupport"]),
        .testTarget(
            name: "CorpusLedgerTests",
            dependencies: ["CorpusLedger", "CorpusModel", "TestSupport", grdb]
        ),
        .testTarget(
            name: "CorpusPipelineTests",
            dependencies: [
                "CorpusPipeline", "CorpusConfig", "CorpusDiagnostics", "CorpusEndpoint", "CorpusKit",
                "CorpusLedger", "CorpusTesting", "TestSupport", grdb,
            ]
        ),
        .testTarget(
            name: "CorpusCommandsTests",
            dependencies: ["CorpusCommands", "CorpusConfig", "CorpusKit", "TestSupport"]
        ),
        .executableTarget(
            name: "endpoint-bench",
            dependencies: ["CAllocator", "CorpusEndpoint", "CorpusKit", "CorpusLedger", "CorpusPipeline"],
            path: "Tests/Benchmarks/Endpoint/driver"
        ),
        .executableTarget(
            name: "engine-bench",
            dependencies: [
                "CAllocator", "CorpusConfig", "CorpusDiagnostics", "CorpusKit", "CorpusLedger",
                "CorpusPipeline",
            ],
            path: "Tests/Benchmarks/Engine/driver"
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["corpusmith", "CorpusLedger", "CorpusModel", "CorpusText", "TestSupport", grdb]
        ),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11
)

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
        .treatWarning("ExplicitSendable", as: .error),
    ]
}
