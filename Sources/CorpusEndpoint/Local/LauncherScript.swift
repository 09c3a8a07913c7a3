/// The program that runs llama.cpp's server inside Python.
enum LauncherScript {
    /// Python source for `python3 -c`.
    ///
    /// Arguments: GGUF file, port (0 for a free one), slots, tokens of context for each slot, alias, threads. Prints
    /// one line, `{"ready": "http://127.0.0.1:PORT"}`, when it listens; the model may still be loading then, and
    /// `/health` answers 503 so long. Ends when its standard input does, on SIGTERM, and with its parent.
    static let source = #"""
        import ctypes, json, os, signal, socket, sys, threading

        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

        def leave_with_input():
            while os.read(0, 4096):
                pass
            os._exit(0)

        threading.Thread(target=leave_with_input, daemon=True).start()

        weights, alias = sys.argv[1], sys.argv[5]
        port, slots, context, threads = (int(sys.argv[i]) for i in (2, 3, 4, 6))
        if port == 0:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]

        import xllamacpp

        settings = xllamacpp.CommonParams()
        settings.model.path = weights
        settings.model_alias = {alias}
        settings.hostnames, settings.port = ["127.0.0.1"], port
        settings.n_parallel, settings.n_ctx = slots, slots * context
        # Writing meets at a barrier for every token, so it leaves a core to others; reading a prompt takes all of them.
        settings.cpuparams.n_threads = threads
        settings.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
        settings.n_gpu_layers, settings.offline, settings.use_jinja = 0, True, True
        server = xllamacpp.Server(settings)
        print(json.dumps({"ready": f"http://127.0.0.1:{port}"}), flush=True)
        while True:
            signal.pause()
        """#
}
