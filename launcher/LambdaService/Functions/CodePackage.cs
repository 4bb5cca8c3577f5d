using System.IO.Compression;
using System.Security.Cryptography;
using BoxerMpi.LambdaService.Http;

namespace BoxerMpi.LambdaService.Functions;

/// <summary>A function's code: the zip that was uploaded, and the folder that it was unpacked to.</summary>
/// <param name="Zip">As uploaded.</param>
/// <param name="Sha256">Of the zip, in base64.</param>
/// <param name="Folder">What an environment sees as its task root.</param>
internal sealed record CodePackage(byte[] Zip, string Sha256, string Folder)
{
    /// <summary>
    /// Of a zip that comes with the request itself, by AWS's quotas; zips in S3 have the limit of what they unpack to only.
    /// </summary>
    public const int LongestDirectZip = 50 * 1024 * 1024;

    private const long LongestUnzipped = 250L * 1024 * 1024;

    private const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Unpacks a zip into a new folder, with the Unix modes that it carries.</summary>
    /// <exception cref="ApiException">It is no zip, leads out of its folder, or is larger than Lambda takes.</exception>
    public static CodePackage Unpack(byte[] zip, string folder)
    {
        Directory.CreateDirectory(folder);
        try
        {
            using ZipArchive archive = new(new MemoryStream(zip, writable: false), ZipArchiveMode.Read);
            if (archive.Entries.Count == 0)
                throw ApiException.Invalid("Uploaded file must be a non-empty zip");
            long left = LongestUnzipped;
            foreach (ZipArchiveEntry entry in archive.Entries)
                left = UnpackEntry(entry, folder, left);
        }
        catch (Exception failure)
        {
            Directory.Delete(folder, recursive: true);
            if (failure is InvalidDataException or IOException or NotSupportedException)
                throw ApiException.Invalid("Could not unzip uploaded file. Please check your file, then try to upload again.");
            throw;
        }

        return new CodePackage(zip, Convert.ToBase64String(SHA256.HashData(zip)), folder);
    }

    public void Delete()
    {
        if (Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Returns what is left of the allowed size; the size an entry claims is not believed.</summary>
    private static long UnpackEntry(ZipArchiveEntry entry, string folder, long left)
    {
        string path = Path.GetFullPath(Path.Combine(folder, entry.FullName));
        if (!path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new InvalidDataException($"{entry.FullName} leads out of the archive");
        if (entry.FullName.EndsWith('/'))
        {
            Directory.CreateDirectory(path);
            return left;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        // The upper half of the attributes is the Unix mode. Environments may not change the code that others share.
        UnixFileMode mode = (UnixFileMode)((entry.ExternalAttributes >> 16) & 0x1FF);
        UnixFileMode executable = (mode & AnyExecute) != 0 ? AnyExecute : 0;
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Readable | executable;
        using FileStream file = new(path, options);
        using Stream content = entry.Open();
        byte[] buffer = new byte[81_920];
        for (int count; (count = content.Read(buffer)) > 0;)
        {
            left -= count;
            if (left < 0)
                throw ApiException.Invalid($"Unzipped size must be smaller than {LongestUnzipped} bytes");
            file.Write(buffer, 0, count);
        }

        return left;
    }
}
