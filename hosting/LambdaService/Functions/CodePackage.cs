using System.IO.Compression;
using System.Security.Cryptography;
using BoxerMpi.LambdaService.Http;
using BoxerMpi.Transport;

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

    // AWS names no figure. What fills 250 MB with this many has 5 KB a file; folders alone have no size at all.
    private const int MostEntries = 50_000;

    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Unpacks a zip into a new folder, with the Unix modes that it carries, as far as they are of its owner.</summary>
    /// <exception cref="ApiException">It is no zip, leads out of its folder, or is larger than Lambda takes.</exception>
    /// <exception cref="OperationCanceledException">The service ends, and its folder goes as a whole.</exception>
    public static CodePackage Unpack(byte[] zip, string folder, CancellationToken cancellationToken)
    {
        PrivateFiles.EnsureFolder(folder);
        try
        {
            using ZipArchive archive = new(new MemoryStream(zip, writable: false), ZipArchiveMode.Read);
            if (archive.Entries.Count == 0)
                throw ApiException.Invalid("Uploaded file must be a non-empty zip");
            CheckEntries(archive, folder);
            Unpacking unpacking = new(folder, cancellationToken);
            foreach (ZipArchiveEntry entry in archive.Entries)
                unpacking.Take(entry);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
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

    /// <summary>Counts what would be made, before anything is: a path of 4 KB may imply two thousand folders.</summary>
    private static void CheckEntries(ZipArchive archive, string root)
    {
        // Hashes, as the paths themselves could fill the memory; two that are equal only make the count one too small.
        HashSet<int> seen = [string.GetHashCode(root)];
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            string path = PathOf(entry, root);
            for (ReadOnlySpan<char> above = path; seen.Add(string.GetHashCode(above)); above = Path.GetDirectoryName(above))
            {
                if (seen.Count > MostEntries)
                    throw ApiException.Invalid($"Unzipped package must have no more than {MostEntries} files and folders");
            }
        }
    }

    private static string PathOf(ZipArchiveEntry entry, string root)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Combine(root, entry.FullName)));
        return path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal) || path == root
            ? path
            : throw new InvalidDataException($"{entry.FullName} leads out of the archive");
    }

    /// <summary>One zip on its way into a folder.</summary>
    private sealed class Unpacking(string folder, CancellationToken cancellationToken)
    {
        private readonly byte[] _buffer = new byte[81_920];
        private long _bytesLeft = LongestUnzipped;

        public void Take(ZipArchiveEntry entry)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string path = PathOf(entry, folder);
            bool isFolder = entry.FullName.EndsWith('/');
            PrivateFiles.EnsureFolder(isFolder ? path : Path.GetDirectoryName(path)!);
            if (isFolder)
                return;

            // The upper half of the attributes is the Unix mode.
            UnixFileMode mode = (UnixFileMode)((entry.ExternalAttributes >> 16) & 0x1FF);
            using FileStream file = PrivateFiles.Open(path, FileMode.CreateNew, executable: (mode & AnyExecute) != 0);
            using Stream content = entry.Open();
            for (int count; (count = content.Read(_buffer)) > 0;)
            {
                // The size that an entry claims is not believed.
                _bytesLeft -= count;
                if (_bytesLeft < 0)
                    throw ApiException.Invalid($"Unzipped size must be smaller than {LongestUnzipped} bytes");
                cancellationToken.ThrowIfCancellationRequested();
                file.Write(_buffer, 0, count);
            }
        }
    }
}
