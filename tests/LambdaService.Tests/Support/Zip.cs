using System.IO.Compression;

namespace BoxerMpi.LambdaService.Tests.Support;

/// <summary>Deployment packages.</summary>
internal static class Zip
{
    private const int Executable = 0x81ED << 16; // a regular file, rwxr-xr-x
    private const int Plain = 0x81A4 << 16; // rw-r--r--

    /// <summary>The shell function beside the tests.</summary>
    public static byte[] Shell { get; } = Of(
        ("bootstrap", File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Functions/bootstrap")), true));

    public static byte[] Of(params (string Name, byte[] Content, bool IsExecutable)[] files)
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content, bool isExecutable) in files)
            {
                ZipArchiveEntry entry = archive.CreateEntry(name);
                entry.ExternalAttributes = isExecutable ? Executable : Plain;
                using Stream target = entry.Open();
                target.Write(content);
            }
        }

        return stream.ToArray();
    }
}
