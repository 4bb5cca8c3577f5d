using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Programs;

/// <summary>Finds out what PROGRAM is: a project folder, a project, a .dll, or an executable by path or on PATH.</summary>
internal static class ProgramResolver
{
    private static readonly string[] ProjectExtensions = [".csproj", ".fsproj", ".vbproj"];

    /// <summary>The project that PROGRAM names, or null when it is not one.</summary>
    /// <exception cref="UsageException">A folder without exactly one project.</exception>
    public static string? Project(string program)
    {
        if (!SystemText.IsWhole(SystemFiles.FullPath(program)) && (SystemFiles.FolderExists(program) || IsProject(program)))
            throw NoText(program);
        if (Directory.Exists(program))
        {
            string[] projects = [.. Directory.EnumerateFiles(program).Where(IsProject).Order(StringComparer.Ordinal)];
            return projects.Length switch
            {
                1 => Path.GetFullPath(projects[0]),
                0 => throw new UsageException(
                    $"the folder {program} has no project in it", "name a folder with a .csproj, a .dll or an executable"),
                _ => throw new UsageException(
                    $"the folder {program} has several projects: {string.Join(", ", projects.Select(Path.GetFileName))}",
                    "name one of them"),
            };
        }

        return IsProject(program) && File.Exists(program) ? Path.GetFullPath(program) : null;
    }

    /// <summary>What to run for a PROGRAM that is built already.</summary>
    /// <exception cref="UsageException">It is not there, or cannot be run.</exception>
    public static RankCommand Built(string program)
    {
        if (IsProject(program))
            throw new UsageException($"there is no project {program}", "check the path");

        if (program.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
            return Assembly(program);

        bool isPath = program.Contains(Path.DirectorySeparatorChar) || program.Contains(Path.AltDirectorySeparatorChar);
        if (SystemFiles.FileExists(program))
        {
            if (SystemFiles.IsExecutable(program))
                return new RankCommand(SystemFiles.FullPath(program), []);
            if (isPath)
                throw new UsageException(
                    $"{program} is not executable", $"chmod +x {program}, or run its interpreter: boxer run … -- sh {program}");
        }

        if (!isPath && OnPath(program) is { } found)
            return new RankCommand(found, []);
        throw new UsageException(
            $"there is no program {program}" + (isPath ? "" : ", neither here nor on PATH"),
            "give a project folder, a .csproj, a .dll or an executable, as in: boxer run -n 4 examples/Hello");
    }

    /// <summary>The <c>dotnet</c> that runs this process, or the one on PATH.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static string DotNet()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        string?[] candidates =
        [
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH"),
            Environment.ProcessPath is { } self && Path.GetFileName(self) == name ? self : null,
            Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root ? Path.Combine(root, name) : null,
        ];
        return candidates.FirstOrDefault(candidate => !string.IsNullOrEmpty(candidate) && File.Exists(candidate))
            ?? OnPath(name)
            ?? throw new UsageException("there is no dotnet on PATH", "install .NET 10, or set DOTNET_ROOT");
    }

    /// <summary>The first executable of that name on PATH.</summary>
    public static string? OnPath(string name)
    {
        foreach (string folder in (OwnProcess.Variable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            string path = SystemFiles.FullPath(Path.Combine(folder, name));
            if (SystemFiles.FileExists(path) && SystemFiles.IsExecutable(path))
                return path;
        }

        return null;
    }

    private static RankCommand Assembly(string path)
    {
        if (!SystemText.IsWhole(SystemFiles.FullPath(path)))
            throw NoText(path);
        if (!File.Exists(path))
            throw new UsageException($"there is no file {path}", "build it first, or name its project");

        string full = Path.GetFullPath(path);
        if (!File.Exists(Path.ChangeExtension(full, ".runtimeconfig.json")))
        {
            throw new UsageException(
                $"{path} is a library: it has no .runtimeconfig.json beside it", "name the program's .dll, or its project");
        }

        return new RankCommand(DotNet(), [full]);
    }

    private static bool IsProject(string path) => ProjectExtensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static UsageException NoText(string path) =>
        new($"{path} has bytes in its name that are no UTF-8, which .NET cannot open", "rename it; an executable may have such a name");
}
