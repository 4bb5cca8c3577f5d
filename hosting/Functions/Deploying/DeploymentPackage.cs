using System.IO.Compression;
using System.Text.Json;
using BoxerMpi.LambdaBootstrap;

namespace BoxerMpi.Functions.Deploying;

/// <summary>The zip of a function: the bootstrap, a manifest, and the program with what it needs.</summary>
/// <remarks>Equal content gives equal bytes, so that the zip's hash tells whether a function is up to date.</remarks>
internal static class DeploymentPackage
{
    // Regular files; the upper half of the attributes is the Unix mode.
    private const int Executable = 0x81ED << 16; // rwxr-xr-x
    private const int Plain = 0x81A4 << 16; // rw-r--r--

    // The earliest moment that a zip can tell.
    private static readonly DateTimeOffset Always = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] LeftOut = [".dbg", ".pdb", ".xml", ".boxer-entry"];

    /// <param name="bootstrap">The compiled bootstrap.</param>
    /// <param name="program">The program's executable.</param>
    /// <param name="alone">It is one file; else all files of its folder go along.</param>
    public static byte[] Make(string bootstrap, string program, bool alone)
    {
        string folder = Path.GetDirectoryName(program)!;
        string[] files = alone
            ? [program]
            : [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(file => !LeftOut.Contains(Path.GetExtension(file)))];
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Manifest manifest = new(RankRequest.CurrentProtocol, "program/" + Path.GetFileName(program));
            Add(zip, "bootstrap", File.ReadAllBytes(bootstrap), Executable);
            Add(zip, "boxer.json", JsonSerializer.SerializeToUtf8Bytes(manifest, MessagesJson.Default.Manifest), Plain);
            foreach (string file in files.Order(StringComparer.Ordinal))
                Add(zip, "program/" + Path.GetRelativePath(folder, file), File.ReadAllBytes(file), IsExecutable(file) ? Executable : Plain);
        }

        return stream.ToArray();
    }

    private static void Add(ZipArchive zip, string name, byte[] content, int attributes)
    {
        ZipArchiveEntry entry = zip.CreateEntry(name, CompressionLevel.Optimal);
        entry.LastWriteTime = Always;
        entry.ExternalAttributes = attributes;
        using Stream target = entry.Open();
        target.Write(content);
    }

    private static bool IsExecutable(string file) =>
        OperatingSystem.IsWindows() || (File.GetUnixFileMode(file) & UnixFileMode.UserExecute) != 0;
}
