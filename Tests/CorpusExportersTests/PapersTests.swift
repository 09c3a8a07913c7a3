import CorpusExporters
import CorpusKit
import Foundation
import Testing

@Suite("Papers of an export folder")
struct PapersTests {
    private static func receipt(
        _ name: String,
        rows: [Int],
        suspects: [String: Int] = [:]
    ) -> ExportReceipt {
        ExportReceipt(
            files: zip(["train", "test"], rows).map { (split: String, rows: Int) in
                ExportReceipt.File(
                    path: "\(name)/\(split)-00000-of-00001.jsonl",
                    split: split,
                    rows: rows,
                    bytes: rows * 10,
                    digest: Digest(of: "\(name) \(split)")
                )
            },
            features:
                "- {name: id, dtype: string}\n- name: messages\n  list:\n  - {name: role, dtype: string}",
            suspects: suspects
        )
    }

    private static let facts = CardFacts(
        corpus: "python-functions",
        productVersion: "0.1.0",
        recipe: "python-functions",
        exports: [
            CardFacts.Export(
                name: "sft",
                exporter: "sft-messages",
                receipt: receipt(
                    "sft",
                    rows: [1500, 0],
                    suspects: ["mbpp word-10": 2, "humaneval word-10": 1]
                ),
                checks: ["pass-rate", "tests"],
                comparedTexts: ["humaneval", "mbpp"]
            ),
            CardFacts.Export(
                name: "dpo",
                exporter: "dpo",
                receipt: receipt("dpo", rows: [20, 2]),
                comparedTasks: ["humaneval"]
            ),
        ],
        counts: CardFacts.Counts(
            candidates: 2000,
            exported: 1500,
            dropped: ["too-easy": 80, "near-duplicate": 400],
            failed: ["transport": 20]
        ),
        models: [CardFacts.Model(role: "teacher", name: "a|b", outputTerms: "apache-2.0")],
        licences: ["MIT": 7, "Apache-2.0": 3],
        withoutLicence: 2,
        plugins: ["oss-instruct": 2],
        command: "corpusmith run Templates/Recipes/python-functions.yaml"
    )

    @Test("The card's head lists every split with rows, and its body every figure")
    func card() {
        #expect(
            DatasetCard.text(facts: Self.facts) == """
                ---
                pretty_name: "python-functions"
                license: other
                size_categories: ["1K<n<10K"]
                tags: [synthetic, code]
                configs:
                - config_name: "sft"
                  default: true
                  data_files:
                  - {split: "train", path: "sft/train-00000-of-00001.jsonl"}
                - config_name: "dpo"
                  data_files:
                  - {split: "train", path: "dpo/train-00000-of-00001.jsonl"}
                  - {split: "test", path: "dpo/test-00000-of-00001.jsonl"}
                dataset_info:
                - config_name: "sft"
                  features:
                  - {name: id, dtype: string}
                  - name: messages
                    list:
                    - {name: role, dtype: string}
                - config_name: "dpo"
                  features:
                  - {name: id, dtype: string}
                  - name: messages
                    list:
                    - {name: role, dtype: string}
                ---

                # python-functions

                Synthetic instruction data, made by Corpusmith 0.1.0 with the recipe `python-functions`.
                Machine-readable figures and checksums are in `manifest.json`.

                ## Files

                | export | format | split | file | rows |
                | --- | --- | --- | --- | --- |
                | sft | sft-messages | train | `sft/train-00000-of-00001.jsonl` | 1500 |
                | sft | sft-messages | test | `sft/test-00000-of-00001.jsonl` | 0 |
                | dpo | dpo | train | `dpo/train-00000-of-00001.jsonl` | 20 |
                | dpo | dpo | test | `dpo/test-00000-of-00001.jsonl` | 2 |

                ## Training

                `sft-messages`: assistant turns with `loss: true` are to be trained on.

                - TRL: `SFTConfig(assistant_only_loss=True, chat_template_path="templates/chatml_masked.jinja")`;
                  without both, every token is trained.
                - Axolotl: `type: chat_template` with `message_field_training: loss`.
                - ms-swift: reads `loss` by itself.

                `dpo`: TRL's `DPOTrainer` reads it as it is.

                ## Checks

                - `sft`: every row passed `pass-rate`, `tests`.
                - `dpo`: **unverified**. There is no check that every row passed.

                ## How the candidates ended

                | state | reason | candidates |
                | --- | --- | --- |
                | exported |  | 1500 |
                | dropped | `near-duplicate` | 400 |
                | dropped | `too-easy` | 80 |
                | failed | `transport` | 20 |
                | all candidates |  | 2000 |

                ## Models

                | role | model | terms for output |
                | --- | --- | --- |
                | teacher | `a\\|b` | apache-2.0 |

                ## Licences of the seeds

                | licence | seeds |
                | --- | --- |
                | Apache-2.0 | 3 |
                | MIT | 7 |
                | not stated | 2 |

                ## Decontamination

                - `sft`: the text of every row was compared with `humaneval`, `mbpp`. Rows that resemble an item and \
                were kept, by rule: `humaneval word-10` 1, `mbpp word-10` 2.
                - `dpo`: only the tasks behind the rows were compared with `humaneval`; answers were not.

                What holds text of a benchmark was dropped. Stretches of words are compared; what is merely rephrased
                is not found.

                ## Making it again

                ```sh
                corpusmith run Templates/Recipes/python-functions.yaml
                ```

                """
        )
    }

    @Test(
        "The licence is named only when seeds and models agree on one that the Hub knows",
        arguments: [
            (["MIT": 3], 0, ["mit"], "mit"), (["MIT": 3], 0, [], "mit"),
            (["GPL-3.0-only": 1], 0, [], "gpl-3.0"),
            (["MIT": 3], 1, [], "other"), (["MIT": 3, "ISC": 1], 0, [], "other"),
            (["MIT": 3], 0, ["llama3"], "other"),
            (["MIT": 3], 0, [nil], "other"), ([:], 0, [], "other"), (["MIT OR ISC": 3], 0, [], "other"),
        ] as [([String: Int], Int, [String?], String)]
    )
    func licence(licences: [String: Int], without: Int, terms: [String?], expected: String) {
        var facts = Self.facts
        facts.licences = licences
        facts.withoutLicence = without
        facts.models = terms.map { CardFacts.Model(role: "teacher", name: "m", outputTerms: $0) }

        #expect(DatasetCard.text(facts: facts).contains("\nlicense: \(expected)\n"))
    }

    @Test(
        "The size category follows the largest export",
        arguments: [
            (0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (9_999_999, "1M<n<10M"), (10_000_000, "n>10M"),
        ]
    )
    func size(rows: Int, expected: String) {
        var facts = Self.facts
        facts.exports = [
            CardFacts.Export(name: "a", exporter: "dpo", receipt: Self.receipt("a", rows: [rows]))
        ]

        #expect(DatasetCard.text(facts: facts).contains("size_categories: [\"\(expected)\"]"))
    }

    @Test("A folder without rows still gets a card that says so")
    func empty() {
        let facts = CardFacts(
            corpus: "x",
            productVersion: "1",
            recipe: "x",
            exports: [],
            counts: CardFacts.Counts(candidates: 0, exported: 0),
            command: "corpusmith run x.yaml"
        )

        let text = DatasetCard.text(facts: facts)

        #expect(!text.contains("configs:"))
        #expect(text.contains("No model wrote any of this."))
        #expect(text.contains("Not compared with any benchmark."))
    }

    @Test("Each export says by itself what it was checked for and compared with")
    func ownWords() {
        var facts = Self.facts
        facts.exports[0].comparedTasks = ["lab.jsonl"]
        facts.exports[0].receipt.suspects = [:]
        facts.exports[1].comparedTasks = []
        facts.exports[1].checks = ["tests"]

        let text = DatasetCard.text(facts: facts)

        #expect(
            text.contains(
                "- `sft`: the text of every row was compared with `humaneval`, `mbpp`. Of tasks alone: the tasks behind "
                    + "the rows were compared with `lab.jsonl`.\n- `dpo`: not compared.\n"
            )
        )
        #expect(text.contains("- `dpo`: every chosen answer passed `tests`.\n"))
        #expect(!text.contains("cleared"))
    }

    @Test("The manifest is sorted JSON with a checksum for every file")
    func manifest() throws {
        let text = ExportManifest.text(facts: Self.facts)
        let json = try JSONValue(parsing: text)

        #expect(json["schema"] == 1)
        #expect(json["counts"]?["dropped"] == ["near-duplicate": 400, "too-easy": 80])
        let file = json["exports"]?.elements?.first?["files"]?.elements?.first
        #expect(file?["sha256"]?.text == Digest(of: "sft train").description)
        #expect(file?["rows"] == 1500)
        #expect(json.pretty + "\n" == text)
        #expect(json["product"] == ["name": "corpusmith", "version": "0.1.0"])
        let exports = try #require(json["exports"]?.elements)
        #expect(exports.map { $0["checks"] } == [["pass-rate", "tests"], []])
        #expect(exports[0]["compared"] == ["texts": ["humaneval", "mbpp"], "tasks": []])
        #expect(exports[1]["compared"] == ["texts": [], "tasks": ["humaneval"]])
        #expect(exports[0]["suspects"] == ["humaneval word-10": 1, "mbpp word-10": 2])
    }

    @Test("Papers are written whole, twice the same, and hold no time")
    func write() throws {
        let benches = [ExportBench(), ExportBench()]

        for bench in benches { try Self.facts.writePapers(to: bench.folder) }

        #expect(benches[0].names == ["README.md", "manifest.json"])
        for name in benches[0].names { #expect(try benches[0].bytes(name) == benches[1].bytes(name)) }
        let all = try benches[0].names.map { String(decoding: try benches[0].bytes($0), as: UTF8.self) }
            .joined()
        #expect(!all.contains(/\d{4}-\d{2}-\d{2}|\d{2}:\d{2}/))
        #expect(!all.contains(benches[0].folder))
    }
}
