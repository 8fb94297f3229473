using static DPT.Engine.Dpt.Tests.PickleText;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Pickles that are no data: names that somebody's Python would call, and structures without end. For every reader of pickles.</summary>
internal static class HostilePickles
{
    /// <summary>What exploits of pickles call.</summary>
    private static readonly (string Module, string Name)[] _globals =
    [
        ("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "Popen"), ("subprocess", "check_output"), ("builtins", "eval"),
        ("builtins", "exec"), ("builtins", "getattr"), ("builtins", "__import__"), ("__builtin__", "eval"), ("importlib", "import_module"),
        ("runpy", "run_path"), ("pty", "spawn"), ("shutil", "rmtree"), ("socket", "socket"), ("urllib.request", "urlopen"), ("webbrowser", "open"),
        ("ctypes", "CDLL"), ("pickle", "loads"), ("marshal", "loads"), ("types", "CodeType"), ("operator", "attrgetter"), ("code", "interact"),
        ("torch", "load"), ("torch.hub", "load"), ("numpy.testing._private.utils", "runstring"),
    ];

    /// <summary>Each with a name.</summary>
    public static IEnumerable<(string Name, byte[] Pickle)> All =>
    [
        .. _globals.Select(global => ($"{global.Module}.{global.Name} called", Of("\x80\x02", $"c{global.Module}\n{global.Name}\n(", Text("touch /tmp/x"), "tR."))),
        .. _globals.Select(global => ($"{global.Module}.{global.Name} of the stack", Of("\x80\x04", Text(global.Module), Text(global.Name), "\x93."))),
        ("a list in itself", Of("\x80\x02]q\0h\0a.")),
        ("a dictionary in itself", Of("\x80\x02}q\0(", Text("data"), "h\0u.")),
        ("two lists in each other", Of("\x80\x02]q\0]q\x01h\0ah\x01" + "a.")),
        ("deep lists", Of("\x80\x02", new string(']', 100_000), new string('a', 99_999), ".")),
        ("deep tuples", Of("\x80\x02)", new string('\x85', 100_000), ".")),
        ("doubled lists", Of(["\x80\x02]q\0", .. Enumerable.Range(0, 60).Select(i => $"](h{(char)i}h{(char)i}eq{(char)(i + 1)}"), "."])),
        ("a text of 2 GB", Of("\x80\x02X\xff\xff\xff\x7f.")),
        ("bytes of 2^64", Of("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.")),
        ("an endless name", Of("\x80\x02" + "c", new string('x', 100_000))),
        ("an instance", Of("\x80\x02(ios\nsystem\n.")),
        ("a new object", Of("\x80\x02" + "cos\nsystem\n)\x81.")),
        ("a protocol to come", Of("\x80\x09N.")),
        ("nothing", Of("\x80\x02.")),
        ("none", Of("\x80\x02N.")),
    ];
}
