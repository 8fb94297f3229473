using System.Runtime.InteropServices;
using System.Text;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Files that .NET cannot make: pipes, and names that are no text.</summary>
internal static class UnixFiles
{
    private const int ReadWriteForOwner = 0x180;
    private const int CreateToWrite = 0x41;

    public static void MakePipe(string path) => Check(MakeFifo(Bytes(path), ReadWriteForOwner), path);

    /// <summary>An empty file whose name ends in these bytes.</summary>
    public static void MakeFile(string folder, byte[] name)
    {
        var descriptor = Open([.. Encoding.UTF8.GetBytes(folder + "/"), .. name, 0], CreateToWrite, ReadWriteForOwner);
        Check(descriptor < 0 ? -1 : Close(descriptor), folder);
    }

    /// <summary>An empty folder whose name ends in these bytes.</summary>
    public static void MakeFolder(string folder, byte[] name) =>
        Check(MakeDirectory([.. Encoding.UTF8.GetBytes(folder + "/"), .. name, 0], 0x1c0), folder);

    /// <summary>Removes what .NET cannot name.</summary>
    public static void Empty(string folder)
    {
        using var find = System.Diagnostics.Process.Start("find", [folder, "-mindepth", "1", "-delete"]);
        find.WaitForExit();
    }

    private static byte[] Bytes(string path) => [.. Encoding.UTF8.GetBytes(path), 0];

    private static void Check(int result, string path)
    {
        if (result != 0)
        {
            Assert.Ignore($"this file system refuses it: {path}");
        }
    }

    [DllImport("libc", EntryPoint = "mkfifo")]
    private static extern int MakeFifo(byte[] path, int mode);

    [DllImport("libc", EntryPoint = "open")]
    private static extern int Open(byte[] path, int flags, int mode);

    [DllImport("libc", EntryPoint = "mkdir")]
    private static extern int MakeDirectory(byte[] path, int mode);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);
}
