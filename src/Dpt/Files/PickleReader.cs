namespace DPT.Engine.Dpt;

/// <summary>
/// Reads a pickle as data. The format is a program for a small machine whose only dangerous instruction calls a function by name: here
/// a name is looked up in a list (<see cref="PickleGlobals"/>), and what is not on it ends the reading. Lists and sets
/// are <see cref="List{T}"/>, tuples arrays, dictionaries <see cref="PickleDictionary"/>, integers <see cref="long"/>, texts of Python 2
/// <see cref="string"/> as those of Python 3.
/// </summary>
/// <remarks>
/// See CPython's <c>pickletools.py</c> for the instructions; of protocols 0 to 5 those are known that data need, as Python 2 and 3,
/// NumPy and PyTorch write it.
/// </remarks>
internal sealed class PickleReader
{
    private const int LatestProtocol = 5;

    /// <summary>
    /// Far above what state dictionaries have, and more of a long pickle, as long as names and numbers of some bytes fill it: an object
    /// takes up to a hundred bytes of memory, and a forged one a single byte of the pickle.
    /// </summary>
    private const int FewObjects = 1 << 22, ManyObjects = 1 << 25, BytesOfObject = 8;

    private readonly PickleBytes _bytes;
    private readonly PickleGlobals _globals;
    private readonly List<object?> _stack = [];

    /// <summary>How many objects lay below each open mark.</summary>
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<long, object?> _memo = [];
    private readonly int _mostObjects;
    private int _objects;
    private long _made;

    private PickleReader(PickleBytes bytes, PickleGlobals globals)
    {
        (_bytes, _globals) = (bytes, globals);
        _mostObjects = (int)Math.Clamp(bytes.Length / BytesOfObject, FewObjects, ManyObjects);
    }

    /// <summary>Reads the pickle that begins at the stream's position, and leaves the stream behind it.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or asks for what is not allowed; the message says at which byte of the stream.</exception>
    public static object? Read(Stream stream, PickleGlobals globals)
    {
        var reader = new PickleReader(new PickleBytes(stream), globals);
        var at = stream.Position;
        try
        {
            while (reader.Step())
            {
                at = reader._bytes.Position;
            }

            var value = reader.Pop();
            PickleGraph.RequireTree(value, reader._mostObjects);
            return value;
        }
        catch (EndOfStreamException error)
        {
            throw new InvalidDataException($"byte {at} of the pickle: it ends too early", error);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"byte {at} of the pickle: {error.Message}", error);
        }
    }

    /// <summary>One instruction; false at the last.</summary>
    private bool Step()
    {
        var code = _bytes.Byte();
        switch ((char)code)
        {
            case '\x80': RequireProtocol(_bytes.Byte()); break;
            case '\x95': _bytes.UInt64(); break;
            case '.': return false;
            case '(': Mark(); break;
            case 'q': Remember(_bytes.Byte()); break;
            case 'r': Remember(_bytes.UInt32()); break;
            case '\x94': Remember(_memo.Count); break;
            case 'p': Remember(PickleLines.Index(_bytes.Name())); break;
            case 'a': Append(Pop()); break;
            case 'e' or '\x90': PopMark().ForEach(Append); break;
            case 's': SetItem(value: Pop(), key: Pop()); break;
            case 'u': SetItems(PopMark()); break;
            case 'b': Build(Pop(), Top<IPickled>()); break;
            default: Push(Value(code)); break;
        }

        return true;
    }

    /// <summary>What an instruction puts on the stack.</summary>
    private object? Value(byte code) => (char)code switch
    {
        'N' => null,
        '\x88' => true,
        '\x89' => false,
        'J' => (long)_bytes.Int32(),
        'K' => (long)_bytes.Byte(),
        'M' => (long)_bytes.UInt16(),
        '\x8a' => _bytes.Integer(_bytes.Byte()),
        'G' => _bytes.Double(),
        'X' => _bytes.Text(_bytes.UInt32()),
        '\x8c' => _bytes.Text(_bytes.Byte()),
        '\x8d' => _bytes.Text(_bytes.UInt64()),
        'U' => _bytes.Characters(_bytes.Byte()),
        'T' => _bytes.Characters(_bytes.UInt32()),
        'C' => _bytes.Take(_bytes.Byte()),
        'B' => _bytes.Take(_bytes.UInt32()),
        '\x8e' or '\x96' => _bytes.Take(_bytes.UInt64()),
        'I' or 'L' => PickleLines.Integer(_bytes.Line()),
        'F' => PickleLines.Float(_bytes.Line()),
        'S' => PickleLines.Quoted(_bytes.Line()),
        'V' => PickleLines.Unicode(_bytes.Line()),
        '}' => new PickleDictionary(),
        ']' or '\x8f' => new List<object?>(),
        ')' => Array.Empty<object?>(),
        '\x85' => new[] { Pop() },
        '\x86' => Reversed(Pop(), Pop()),
        '\x87' => Reversed(Pop(), Pop(), Pop()),
        't' => PopMark().ToArray(),
        'l' => PopMark(),
        'd' => Dictionary(PopMark()),
        'h' => Recall(_bytes.Byte()),
        'j' => Recall(_bytes.UInt32()),
        'g' => Recall(PickleLines.Index(_bytes.Name())),
        'c' => _globals.Find(_bytes.Name(), _bytes.Name()),
        '\x93' => FindFromStack(Pop<string>(), Pop<string>()),
        'R' or '\x81' => Call(Pop<object?[]>(), Pop<PickleGlobal>()),
        'Q' => _globals.Load(Pop<object?[]>()),
        _ => throw new InvalidDataException($"instruction 0x{code:x2} is not one of those that hold data"),
    };

    private PickleGlobal FindFromStack(string name, string module) => _globals.Find(module, name);

    private object? Call(object?[] arguments, PickleGlobal function)
    {
        var made = function.Call(arguments);

        // One text may be made into bytes again and again, one list into dictionaries, with a few bytes of the pickle each time.
        _made += made switch { byte[] bytes => bytes.Length, PickleDictionary dictionary => dictionary.Count, _ => 0 };
        return _made <= _bytes.Length ? made : throw new InvalidDataException("it makes more of its texts and lists than it has bytes");
    }

    private static void Build(object? state, IPickled of) => of.Build(state);

    private static PickleDictionary Dictionary(List<object?> items)
    {
        var dictionary = new PickleDictionary();
        SetItems(dictionary, items);
        return dictionary;
    }

    private static object?[] Reversed(params object?[] popped)
    {
        Array.Reverse(popped);
        return popped;
    }

    private static void RequireProtocol(byte protocol)
    {
        if (protocol > LatestProtocol)
        {
            throw new InvalidDataException($"protocol {protocol}, the latest is {LatestProtocol}");
        }
    }

    private void Append(object? item) => Top<List<object?>>().Add(item);

    private void SetItem(object? value, object? key) => Top<PickleDictionary>().Put(key, value);

    private void SetItems(List<object?> items) => SetItems(Top<PickleDictionary>(), items);

    private static void SetItems(PickleDictionary dictionary, List<object?> items)
    {
        if (items.Count % 2 != 0)
        {
            throw new InvalidDataException("a key without a value");
        }

        for (var i = 0; i < items.Count; i += 2)
        {
            dictionary.Put(items[i], items[i + 1]);
        }
    }

    private void Remember(long index)
    {
        _memo[index] = Top();
        if (_memo.Count > _mostObjects)
        {
            throw new InvalidDataException($"more than {_mostObjects} objects are remembered");
        }
    }

    private object? Recall(long index) => _memo.TryGetValue(index, out var value)
        ? value
        : throw new InvalidDataException($"object {index} is asked for and was never remembered");

    private void Mark()
    {
        Count();
        _marks.Push(_stack.Count);
    }

    private void Push(object? value)
    {
        Count();
        _stack.Add(value);
    }

    private void Count()
    {
        if (++_objects > _mostObjects)
        {
            throw new InvalidDataException($"more than {_mostObjects} objects in {_bytes.Length} bytes");
        }
    }

    private object? Top() => _stack.Count > (_marks.TryPeek(out var mark) ? mark : 0)
        ? _stack[^1]
        : throw new InvalidDataException("an object is asked for where there is none");

    private T Top<T>() => Of<T>(Top());

    private object? Pop()
    {
        var value = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private T Pop<T>() => Of<T>(Pop());

    private static T Of<T>(object? value) => value is T wanted
        ? wanted
        : throw new InvalidDataException($"{PickleGraph.Kind(value)} where the instruction asks for something else");

    /// <summary>What lies above the last mark, which goes.</summary>
    private List<object?> PopMark()
    {
        if (!_marks.TryPop(out var mark))
        {
            throw new InvalidDataException("a mark is asked for where there is none");
        }

        var items = _stack[mark..];
        _stack.RemoveRange(mark, items.Count);
        return items;
    }
}
