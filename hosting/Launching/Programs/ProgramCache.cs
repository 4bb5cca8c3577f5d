namespace BoxerMpi.Launching.Programs;

/// <summary>
/// Where published programs are kept: <c>obj/boxer/&lt;kind&gt;</c> in the folder that holds the project and all it refers to.
/// </summary>
/// <remarks>
/// Programs that share libraries so share their build. A program's folder is named by the stamp of its inputs and appears
/// complete, by a rename: a running job keeps the folder it started from. The build itself is under one lock.
/// </remarks>
internal sealed class ProgramCache
{
    // The file in a program's folder that names what to run.
    private const string EntryFile = ".boxer-entry";

    private readonly string _programs;

    private ProgramCache(string root, string project)
    {
        Root = root;
        _programs = Path.Combine(root, "programs", Path.GetFileNameWithoutExtension(project));
    }

    /// <summary>The cache's own folder.</summary>
    public string Root { get; }

    /// <summary>Where MSBuild keeps what it makes on the way, apart from the user's own bin and obj.</summary>
    public string Artifacts => Path.Combine(Root, "build");

    public static ProgramCache For(string project, IReadOnlySet<string> projects, BuildKind kind)
    {
        string folder = Path.GetDirectoryName(project)!;
        foreach (string home in (string[])[CommonFolder(folder, projects), folder])
        {
            string root = Path.Combine(home, "obj", "boxer", kind.CacheName);
            if (TryCreate(root))
                return new ProgramCache(root, project);
        }

        // A read-only checkout: a place by the project's path in the user's cache.
        string user = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        string place = Path.Combine(user, "boxer", folder.Replace(Path.DirectorySeparatorChar, '_').Replace(':', '_'), kind.CacheName);
        return TryCreate(place)
            ? new ProgramCache(place, project)
            : throw new UsageException(
                $"neither {folder} nor {user} can be written, so the program cannot be built", "set XDG_CACHE_HOME to a folder of yours");
    }

    /// <summary>What to run for these inputs, if it was published before.</summary>
    public string? Find(string stamp)
    {
        string folder = Path.Combine(_programs, stamp);
        string entry = Path.Combine(folder, EntryFile);
        return File.Exists(entry) ? Path.Combine(folder, File.ReadAllText(entry)) : null;
    }

    /// <summary>An empty folder to publish into.</summary>
    public string Stage()
    {
        string staging = Path.Combine(_programs, ".staging");
        if (Directory.Exists(staging))
            Directory.Delete(staging, recursive: true);
        Directory.CreateDirectory(staging);
        return staging;
    }

    /// <summary>Makes the staged program the one for these inputs; older ones go, except the last, which may be running.</summary>
    public string Commit(string stamp, string entry)
    {
        string staging = Path.Combine(_programs, ".staging");
        string folder = Path.Combine(_programs, stamp);
        File.WriteAllText(Path.Combine(staging, EntryFile), entry);
        Directory.Move(staging, folder);
        foreach (DirectoryInfo old in new DirectoryInfo(_programs).EnumerateDirectories().OrderByDescending(old => old.LastWriteTimeUtc).Skip(2))
            old.Delete(recursive: true);
        return Path.Combine(folder, entry);
    }

    /// <summary>Waits for other launchers that build into this cache.</summary>
    public FileStream Lock(Action waiting)
    {
        string path = Path.Combine(Root, "lock");
        for (bool told = false; ; told = true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                if (!told)
                    waiting();
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>The folder above all projects, unless that is a place that belongs to no one project.</summary>
    private static string CommonFolder(string folder, IReadOnlySet<string> projects)
    {
        string common = folder;
        while (projects.Any(project => !project.StartsWith(common + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
        {
            if (Path.GetDirectoryName(common) is not { } above
                || Path.GetDirectoryName(above) is null
                || above == Environment.GetFolderPath(Environment.SpecialFolder.UserProfile))
            {
                return folder;
            }

            common = above;
        }

        return common;
    }

    private static bool TryCreate(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $".probe-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
