extension Wording {
    /// Words that say nothing about the task: grammar, and the language that it is for.
    static let fillers = words(
        """
        a an the this that these those it its they them their he she his her i me my mine you your yours we us our
        is are was were be been being am do does did have has had will would shall should can could may might must
        and or of to in on at for from by with as so then than there here which what who whose when where how why
        whether if but also too just some all each every any one ones such given new please python fn up out into
        onto about via per ok okay hi hey now
        """
    )

    /// Stems of what opens any request, in whatever form: `gives`, `returning`.
    static let requests = stems(
        """
        return give get provide tell find compute calculate determine check want need like take let make write create
        implement build develop design define use function func code program script way thing
        """
    )

    /// Stems of what may be said on top of a task without changing it: courtesy, hurry, talk about the exercise.
    static let courtesies = stems(
        """
        thanks thank advance help question exercise task puzzle fun little quick quickly simple small short following
        complete body solution answer result value work know see think possible exactly kindly hello dear friend
        colleague team sir madam stuck ticket expected behaviour behavior required requirement specification goal
        version input argument parameter called name named come point
        """
    )

    /// Stems of what asks for more than a task does, or for something else: how it is to be solved, and what is to happen
    /// with the result.
    ///
    /// A style does not excuse them.
    static let constraints = stems(
        """
        print output display show log loop iterate iteration recursion recursive recursively lambda comprehension
        generator iterator import library module package class decorator regex regexp map filter reduce sort file save
        store user async thread numpy pandas built builtin efficient efficiently fast linear constant memory time
        complexity docstring only without not never
        """
    )

    /// Numbers in words; `one` is mostly an article.
    static let numerals: [String: String] = [
        "zero": "0", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
        "eight": "8",
        "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
    ]

    /// Bare stems that mean the same in a programming task, each to the first of its group.
    static let synonyms: [String: String] = {
        var synonyms: [String: String] = [:]
        for group in [
            "item element entry", "text string", "list array", "larger greater bigger higher above",
            "largest greatest biggest highest maximum max", "smaller lower less fewer below",
            "smallest least lowest minimum min", "count tally", "sum total add added addition",
            "join combine concatenate merge", "remove delete", "same equal identical", "begin start",
            "capital uppercase", "reverse opposite backwards", "double twice", "character char",
            "convert conversion", "multiply multiplied",
        ] {
            let stems = group.split(separator: " ").map { bareStem(String($0)) }
            for stem in stems { synonyms[stem] = stems[0] }
        }
        return synonyms
    }()

    private static func words(_ text: String) -> Set<String> {
        Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }

    private static func stems(_ text: String) -> Set<String> { Set(words(text).map(stem)) }
}
