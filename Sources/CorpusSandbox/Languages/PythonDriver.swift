/// The program that loads Python sources inside a cell and, for `call` tests, answers the harness.
enum PythonDriver {
    // It imports built-in modules only: `json` and `os` would cost more than starting Python does. Requests are read
    // with `eval`, since canonical JSON is a Python expression once three names are given. Everything it uses is
    // bound before the source runs, so that patched built-ins break the source's own answers and nothing else;
    // nothing it knows is worth stealing.
    //
    // An answer is one line of JSON. In values, a mapping is `{"map": [key, value, …]}`, which keeps apart keys that
    // differ in their bytes alone, and a float that is not finite is `{"float": "nan"}`. JSON has no keys but strings:
    // whole-number keys are written as their digits.
    static let script = #"""
        import sys, posix, builtins, _thread

        def start(mode, path, entry_point, longest):
            sys.path[:] = [place for place in sys.path if place]
            sys.argv[:] = [path]
            _thread.stack_size(8 << 20)
            def leave(code=None):
                raise SystemExit(code)
            builtins.exit = builtins.quit = leave
            module = type(sys)("__main__" if mode == "io" else "solution")
            module.__file__ = path
            module.__builtins__ = builtins
            sys.modules[module.__name__] = module
            show = sys.excepthook
            with open(path, "rb") as file:
                source = file.read()
            try:
                code = compile(source, path, "exec", 0, True)
            except BaseException as error:
                posix.write(3, b"syntax" if mode == "io" else b'{"index":0,"status":"syntax"}\n')
                show(type(error), error.with_traceback(None), None)
                raise SystemExit(1)
            if mode == "call":
                serve(module, code, entry_point, longest, show)
            posix.close(3)
            try:
                exec(code, module.__dict__)
            except SystemExit:
                raise
            except BaseException as error:
                ours = error.__traceback__
                sys.excepthook(type(error), BaseException.with_traceback(error, ours.tb_next), ours.tb_next)
                raise SystemExit(1)

        def serve(module, code, entry_point, longest, show):
            read, write, leave, run, evaluate = posix.read, posix.write, posix._exit, exec, eval
            base, memory, exits, kind_of, is_kind, size_of = (
                BaseException, MemoryError, SystemExit, type, issubclass, len)
            whole, real, text, array, pair, mapping = int, float, str, list, tuple, dict
            names = {"__builtins__": {}, "true": True, "false": False, "null": None}
            escapes = {code: "\\u%04x" % code for code in range(32)}
            escapes.update({34: '\\"', 92: "\\\\"})
            rebase = base.with_traceback
            name_of = kind_of.__dict__["__name__"].__get__
            space = module.__dict__

            class Unplain(Exception):
                pass

            class Large(Exception):
                pass

            def quoted(value):
                return '"' + text.translate(value, escapes) + '"'

            def add(value, parts, room, depth):
                kind = kind_of(value)
                if value is None:
                    piece = "null"
                elif value is True:
                    piece = "true"
                elif value is False:
                    piece = "false"
                elif is_kind(kind, whole):
                    piece = whole.__repr__(value)
                elif is_kind(kind, real):
                    piece = real.__repr__(value)
                    if piece[-1] in "nf":
                        piece = '{"float":"' + piece + '"}'
                elif is_kind(kind, text):
                    if text.__len__(value) > room:
                        raise Large
                    piece = quoted(value)
                elif depth == 0:
                    raise Unplain("a value nested too deeply")
                elif is_kind(kind, array) or is_kind(kind, pair):
                    parts.append("[")
                    comma = ""
                    for element in (array if is_kind(kind, array) else pair).__iter__(value):
                        parts.append(comma)
                        room = add(element, parts, room - 2, depth - 1)
                        comma = ","
                    piece = "]"
                elif is_kind(kind, mapping):
                    parts.append('{"map":[')
                    comma, seen = "", set()
                    for key, element in mapping.items(value):
                        if is_kind(kind_of(key), text):
                            if text.__len__(key) > room:
                                raise Large
                            label = quoted(key)
                        elif is_kind(kind_of(key), whole) and kind_of(key) is not bool:
                            label = '"' + whole.__repr__(key) + '"'
                        else:
                            raise Unplain("a mapping with keys of type " + name_of(kind_of(key)))
                        if label in seen:
                            raise Unplain("a mapping with keys that JSON cannot tell apart")
                        seen.add(label)
                        parts.append(comma + label + ",")
                        room = add(element, parts, room - size_of(label) - 2, depth - 1)
                        comma = ","
                    piece = "]}"
                else:
                    raise Unplain("a value of type " + name_of(kind))
                parts.append(piece)
                room -= size_of(piece)
                if room < 0:
                    raise Large
                return room

            def send(index, status, member=""):
                line = ('{"index":%d,"status":"%s"%s}\n' % (index, status, member)).encode("utf-8")
                while line:
                    line = line[write(3, line):]

            def words(error):
                try:
                    said = name_of(kind_of(error)) + ": " + text.__str__(text(error))[:300]
                    said = said.encode("utf-8", "backslashreplace").decode("utf-8")
                except base:
                    said = "an exception that cannot be shown"
                return ',"text":' + quoted(said)

            shown = []

            def failed(index, error):
                if is_kind(kind_of(error), memory):
                    return send(index, "memory")
                if is_kind(kind_of(error), exits):
                    return send(index, "exit")
                if not shown:
                    shown.append(True)
                    try:
                        ours = error.__traceback__
                        show(kind_of(error), rebase(error, ours.tb_next), ours.tb_next)
                    except base:
                        pass
                send(index, "raised", words(error))

            try:
                run(code, space)
                if entry_point not in space:
                    send(0, "missing")
                    leave(0)
                send(0, "loaded")
            except base as error:
                failed(0, error)
                leave(0)
            pending = b""
            while True:
                while b"\n" not in pending:
                    piece = read(4, 65536)
                    if not piece:
                        leave(0)
                    pending += piece
                line, _, pending = pending.partition(b"\n")
                index, arguments = evaluate(line.decode("utf-8"), names)
                try:
                    value = space[entry_point](*arguments)
                except base as error:
                    failed(index, error)
                    continue
                try:
                    parts = []
                    add(value, parts, longest, 200)
                    plain = "".join(parts)
                    plain.encode("utf-8")
                except Unplain as error:
                    send(index, "opaque", ',"text":' + quoted(error.args[0]))
                except Large:
                    send(index, "large")
                except UnicodeEncodeError:
                    send(index, "opaque", ',"text":"a string that is not Unicode text"')
                except base as error:
                    failed(index, error)
                else:
                    send(index, "value", ',"value":' + plain)

        start(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
        """#
}
