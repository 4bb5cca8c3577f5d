using System.Text;
using BoxerMpi.Transport;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>
/// What one environment writes, in a file that its processes append to directly: nothing is in a pipe when a tail is read.
/// </summary>
internal sealed class FunctionLog
{
    private const int TailBytes = 4096;

    // Keeps a chatty function that stays warm from filling the disk.
    private const long LongestFile = 64L * 1024 * 1024;

    public FunctionLog(string path)
    {
        Path = path;
        PrivateFiles.EnsureFolder(System.IO.Path.GetDirectoryName(path)!);
        PrivateFiles.Open(path, FileMode.Create).Dispose();
    }

    public string Path { get; }

    /// <summary>Where the next line begins; what came before is dropped when there is too much of it.</summary>
    public long Begin()
    {
        using FileStream file = Open(FileAccess.Write);
        if (file.Length > LongestFile)
            file.SetLength(0);
        return file.Length;
    }

    public void Append(string line)
    {
        using FileStream file = new(Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        file.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }

    /// <summary>The last 4 KiB of what came after a position.</summary>
    public byte[] Tail(long from)
    {
        using FileStream file = Open(FileAccess.Read);
        file.Position = Math.Max(from, file.Length - TailBytes);
        byte[] tail = new byte[Math.Max(0, file.Length - file.Position)];
        return tail[..file.ReadAtLeast(tail, tail.Length, throwOnEndOfStream: false)];
    }

    private FileStream Open(FileAccess access) => new(Path, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
}
