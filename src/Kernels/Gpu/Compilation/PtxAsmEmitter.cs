using System.Reflection;
using System.Text;
using ILGPU;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Types;
using ILGPU.IR.Values;

namespace DPT.Engine.Kernels;

/// <summary>
/// Teaches ILGPU's code generator the methods with <see cref="PtxAsmAttribute"/>: those of this assembly, and those of each
/// assembly that a kernel comes from and of the libraries that it is built on.
/// </summary>
internal sealed class PtxAsmEmitter(IntrinsicImplementationManager intrinsics)
{
    private static readonly PTXIntrinsic Handler =
        new(typeof(PtxAsmEmitter), nameof(Emit), IntrinsicImplementationMode.GenerateCode);

    private readonly HashSet<Assembly> _known = [];

    /// <summary>Registers the methods that kernels of the assembly may call. Must run before a backend is created.</summary>
    public void Register(Assembly assembly)
    {
        if (!_known.Add(assembly))
        {
            return;
        }

        foreach (var method in Methods(assembly))
        {
            intrinsics.RegisterMethod(method, Handler);
        }

        foreach (var library in assembly.GetReferencedAssemblies().Where(name => !IsOfTheFramework(name)).Select(Assembly.Load))
        {
            if (library == Engine || library.GetReferencedAssemblies().Any(name => name.FullName == Engine.FullName))
            {
                Register(library);
            }
        }
    }

    /// <summary>Every method of the assembly that stands for a piece of PTX.</summary>
    public static IEnumerable<MethodInfo> Methods(Assembly assembly) =>
        from type in assembly.GetTypes()
        where !type.ContainsGenericParameters
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        where method.IsDefined(typeof(PtxAsmAttribute))
        select method;

    private static Assembly Engine => typeof(PtxAsmEmitter).Assembly;

    private static bool IsOfTheFramework(AssemblyName name) =>
        name.Name is "mscorlib" or "netstandard" or "System" || name.Name!.StartsWith("System.", StringComparison.Ordinal);

    /// <summary>Called by ILGPU's code generator, by name, for every call of a registered method.</summary>
    private static void Emit(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        var template = call.Target.Source!.GetCustomAttribute<PtxAsmAttribute>()!.Template;
        var arguments = Enumerable.Range(0, call.Count).Select(i => generator.Load(call[i])).ToArray();
        var result = call.Type.IsVoidType ? null : generator.Allocate(value);
        new Expansion(generator, call, arguments, result).Print(template);
    }

    /// <summary>One template with its registers.</summary>
    private sealed class Expansion(
        PTXCodeGenerator generator,
        MethodCall call,
        PTXRegisterAllocator.Register[] arguments,
        PTXRegisterAllocator.Register? result)
    {
        private readonly StringBuilder _before = new();
        private readonly StringBuilder _text = new();

        public void Print(string template)
        {
            template = InPlace(template);
            for (var at = 0; at < template.Length;)
            {
                if (template[at] != '$')
                {
                    _text.Append(template[at++]);
                    continue;
                }

                at = Placeholder(template, at + 1);
            }

            generator.Builder.Append(_before).Append('\t').Append(_text).AppendLine();
        }

        /// <summary>Where the result starts as zeros or as the first argument, for instructions that add to registers: copies before the text.</summary>
        private string InPlace(string template)
        {
            const string Zeros = "$d:=0;", First = "$d:=$0;";
            if (template.StartsWith(Zeros, StringComparison.Ordinal))
            {
                foreach (var field in Fields(result!))
                {
                    _before.AppendLine($"\tmov.{TypeOf(field)}\t{NameOf(field)}, {(TypeOf(field) == "f32" ? "0f00000000" : "0")};");
                }

                return template[Zeros.Length..];
            }

            if (!template.StartsWith(First, StringComparison.Ordinal))
            {
                return template;
            }

            foreach (var (to, from) in Fields(result!).Zip(Fields(arguments[0])))
            {
                var source = NameOf(from);
                _before.AppendLine($"\tmov.{TypeOf(to)}\t{NameOf(to)}, {source};");
            }

            return template[First.Length..];

            static string TypeOf(PTXRegisterAllocator.Register register) => register.BasicValueType == BasicValueType.Float32 ? "f32" : "b32";
        }

        /// <summary>The registers of a struct, those of structs in it included.</summary>
        private static IEnumerable<PTXRegisterAllocator.Register> Fields(PTXRegisterAllocator.Register register) =>
            register is PTXRegisterAllocator.CompoundRegister compound ? compound.Children.ToArray().SelectMany(Fields) : [register];

        /// <summary>Prints the placeholder whose letter is at that place; the place behind it is returned.</summary>
        private int Placeholder(string template, int at)
        {
            if (template[at] == 'p')
            {
                _text.Append(AddressOfParameter(template[at + 1] - '0'));
                return at + 2;
            }

            var isShared = template[at] == 's';
            at += isShared ? 1 : 0;
            var register = template[at] == 'd' ? result! : arguments[template[at] - '0'];
            at++;
            if (at + 1 < template.Length && template[at] == '.' && char.IsAsciiDigit(template[at + 1]))
            {
                register = ((PTXRegisterAllocator.CompoundRegister)register).Children[template[at + 1] - '0'];
                at += 2;
            }

            _text.Append(isShared ? SharedAddress(register) : NameOf(register));
            return at;
        }

        /// <summary>The address of the kernel's parameter that an argument is: ILGPU has taken it apart into its fields.</summary>
        private string AddressOfParameter(int argument)
        {
            var value = call[argument].Resolve();
            if (value is StructureValue parts)
            {
                value = parts[0].Resolve();
            }

            if (value is GetField field)
            {
                value = field.ObjectValue.Resolve();
            }

            if (value is not Parameter parameter)
            {
                throw new NotSupportedException($"argument {argument} of an instruction must be a parameter of the kernel itself");
            }

            var address = "%" + PTXRegisterAllocator.GetStringRepresentation(generator.AllocatePlatformRegister(out _));
            _before.AppendLine($"\tmov.b64\t{address}, _{parameter.Name}_{parameter.Id};");
            _before.AppendLine($"\tcvta.param.u64\t{address}, {address};");
            return address;
        }

        private string NameOf(PTXRegisterAllocator.Register register) => register switch
        {
            PTXRegisterAllocator.HardwareRegister hardware =>
                "%" + PTXRegisterAllocator.GetStringRepresentation(hardware),
            PTXRegisterAllocator.ConstantRegister constant => Materialise(constant),
            PTXRegisterAllocator.CompoundRegister compound =>
                "{" + string.Join(", ", Fields(compound).Select(NameOf)) + "}",
            _ => throw new NotSupportedException($"a register of type {register.GetType().Name} in inline PTX"),
        };

        /// <summary>A constant as a register: instructions differ in which immediates they take.</summary>
        private string Materialise(PTXRegisterAllocator.ConstantRegister constant)
        {
            var name = "%" + PTXRegisterAllocator.GetStringRepresentation(generator.AllocateRegister(constant.Description));
            _before.Append('\t').AppendLine(constant.Kind switch
            {
                PTXRegisterKind.Float32 =>
                    $"mov.f32\t{name}, 0f{BitConverter.SingleToUInt32Bits(constant.Value.Float32Value):X8};",
                PTXRegisterKind.Int32 => $"mov.b32\t{name}, {constant.Value.UInt32Value};",
                PTXRegisterKind.Int64 => $"mov.b64\t{name}, {constant.Value.UInt64Value};",
                PTXRegisterKind.Int16 => $"mov.b16\t{name}, {constant.Value.UInt16Value};",
                _ => throw new NotSupportedException($"a constant of kind {constant.Kind} in inline PTX"),
            });
            return name;
        }

        /// <summary>The 32-bit address in the shared window, which is what shared-memory instructions are shortest with.</summary>
        private string SharedAddress(PTXRegisterAllocator.Register register)
        {
            if (register is PTXRegisterAllocator.CompoundRegister view)
            {
                register = view.Children[0];
            }

            var address = NameOf(register);
            if (register.BasicValueType == BasicValueType.Int32)
            {
                return address;
            }

            if (register.Type is not AddressSpaceType { AddressSpace: MemoryAddressSpace.Shared })
            {
                var inSpace = "%" + PTXRegisterAllocator.GetStringRepresentation(generator.AllocatePlatformRegister(out _));
                _before.AppendLine($"\tcvta.to.shared.u64\t{inSpace}, {address};");
                address = inSpace;
            }

            var narrow = "%" + PTXRegisterAllocator.GetStringRepresentation(generator.AllocateInt32Register());
            _before.AppendLine($"\tcvt.u32.u64\t{narrow}, {address};");
            return narrow;
        }
    }
}
