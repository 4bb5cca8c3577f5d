using System.Text.Json;
using System.Text.RegularExpressions;
using BoxerMpi.Transport;

namespace BoxerMpi.NatLab;

/// <summary>The folder with one file for each lab of this machine: /run/boxer/natlab, or BOXER_NATLAB_DIR.</summary>
internal static partial class LabRecords
{
    private const string Variable = "BOXER_NATLAB_DIR";
    private static int _anonymous;

    public static string Folder => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : "/run/boxer/natlab";

    public static string PathOf(string prefix) => Path.Combine(Folder, prefix + ".json");

    /// <summary>A prefix that no other process takes.</summary>
    public static string NextAnonymous() => $"p{Environment.ProcessId}-{Interlocked.Increment(ref _anonymous)}";

    public static bool IsPrefix(string text) => PrefixForm().IsMatch(text);

    /// <summary>Takes a prefix: from now on nobody else can, until the record is removed.</summary>
    /// <exception cref="LabException">It is taken, or the folder cannot be written.</exception>
    public static void Claim(LabRecord record)
    {
        if (record.IsPinned && PinnedNames.Of(record.Prefix) is [string name, ..] && !File.Exists(PathOf(record.Prefix)))
            throw new LabException($"prefix {record.Prefix} is taken: {name} is there, and is not of a lab", "give another one with --prefix");

        try
        {
            PrivateFiles.EnsureFolder(Folder);
            using FileStream file = PrivateFiles.Open(PathOf(record.Prefix), FileMode.CreateNew);
            JsonSerializer.Serialize(file, record, LabJson.Default.LabRecord);
        }
        catch (IOException) when (File.Exists(PathOf(record.Prefix)))
        {
            throw new LabException(
                $"prefix {record.Prefix} is taken by another lab",
                $"give another one with --prefix, or remove it: boxer natlab down --prefix {record.Prefix}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LabException($"the lab cannot be noted in {Folder}: {failure.Message}", $"it takes root; {Variable} names another folder");
        }
    }

    /// <summary>Replaces the record of a prefix that is ours.</summary>
    public static void Update(LabRecord record)
    {
        // Whoever reads meanwhile sees the old one or the new one.
        string next = PathOf(record.Prefix) + ".next";
        using (FileStream file = PrivateFiles.Open(next, FileMode.Create))
            JsonSerializer.Serialize(file, record, LabJson.Default.LabRecord);
        File.Move(next, PathOf(record.Prefix), overwrite: true);
    }

    public static void Remove(string prefix) => File.Delete(PathOf(prefix));

    public static LabRecord? Find(string prefix) => Read(PathOf(prefix));

    public static IReadOnlyList<LabRecord> All() => Directory.Exists(Folder)
        ? [.. Directory.EnumerateFiles(Folder, "*.json").Order(StringComparer.Ordinal).Select(Read).OfType<LabRecord>()]
        : [];

    private static LabRecord? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), LabJson.Default.LabRecord);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            // Whoever claimed the prefix died, or still is, in the middle of its first write: nothing has been made yet.
            return new LabRecord
            {
                Prefix = Path.GetFileNameWithoutExtension(path),
                OwnerId = 0,
                OwnerStart = -1,
                IsPinned = true,
                Hosts = 0,
                Description = "its record cannot be read",
            };
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new LabException($"{path} cannot be read: {failure.Message}", "it takes root");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9-]{0,23}\z", RegexOptions.CultureInvariant)]
    private static partial Regex PrefixForm();
}
