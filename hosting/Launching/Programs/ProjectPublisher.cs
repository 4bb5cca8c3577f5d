using System.ComponentModel;
using System.Diagnostics;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Programs;

/// <summary>Builds a project once for running it as ranks: ReadyToRun for the start-up time, or Native AOT.</summary>
internal sealed class ProjectPublisher(BuildKind kind, bool verbose, Action<string> say)
{
    // Set by a dotnet command for itself; they would lead another one astray.
    private static readonly string[] InheritedMsBuild =
        ["MSBUILD_EXE_PATH", "MSBuildSDKsPath", "MSBuildExtensionsPath", "MSBuildLoadMicrosoftTargetsReadOnly", "DOTNET_CLI_CONTEXT_VERBOSE"];

    /// <summary>What to run for the project, built if something has changed since the last time.</summary>
    /// <exception cref="BuildException">It does not build.</exception>
    /// <exception cref="InterruptedException">A signal came meanwhile.</exception>
    public RankCommand Publish(string project) => Command(PublishFile(project));

    /// <summary>As <see cref="Publish"/>; the published program's file, among the files that it needs.</summary>
    /// <exception cref="BuildException">It does not build.</exception>
    public string PublishFile(string project)
    {
        ProjectInputs inputs = ProjectInputs.Of(project);
        ProgramCache cache = ProgramCache.For(project, inputs.Projects, kind);
        string stamp = inputs.Stamp($"{project}\n{kind.CacheName}\n{Environment.Version}");
        if (cache.Find(stamp) is { } ready)
            return ready;

        using FileStream exclusive = cache.Lock(() => say($"waiting for another boxer that builds in {cache.Root}"));

        // Whoever held the lock may have built the same.
        if (cache.Find(stamp) is { } built)
            return built;

        Stopwatch clock = Stopwatch.StartNew();
        say($"building {Path.GetFileName(project)} ({kind.Configuration}, {(kind.NativeAot ? "Native AOT" : "ReadyToRun")})");
        string staging = cache.Stage();
        Build(project, cache, staging);
        string entry = Entry(project, staging);
        string path = cache.Commit(stamp, entry);
        if (verbose)
            say(FormattableString.Invariant($"built in {clock.Elapsed.TotalSeconds:0.0} s into {Path.GetDirectoryName(path)}"));
        return path;
    }

    private void Build(string project, ProgramCache cache, string output)
    {
        string alone = kind.SelfContained ? "true" : "false";
        string[] native = kind.IsForeign ? ["-p:PublishAot=true", .. CrossLinking()] : ["-p:PublishAot=true"];
        (int code, string text) = Run(
            project, cache, output, kind.NativeAot ? native : ["--self-contained", alone, "-p:PublishReadyToRun=true"]);
        if (code == 0)
            return;

        bool packMissing = text.Contains("crossgen", StringComparison.OrdinalIgnoreCase) || text.Contains(
            "NETSDK1094", StringComparison.Ordinal);
        if (!kind.NativeAot && packMissing)
        {
            say("the ReadyToRun compiler cannot be had here (package Microsoft.NETCore.App.Crossgen2); the ranks will start slower without it");
            (code, text) = Run(project, cache, output, ["--self-contained", alone, "-p:PublishReadyToRun=false"]);
            if (code == 0)
                return;
        }

        bool compilerMissing = kind.NativeAot
            && (text.Contains("ILCompiler", StringComparison.OrdinalIgnoreCase) || text.Contains(
                "linker", StringComparison.OrdinalIgnoreCase));
        throw new BuildException(
            $"{Path.GetFileName(project)} does not build (dotnet publish ended with {code})"
            + (compilerMissing ? "; Native AOT needs the package Microsoft.DotNet.ILCompiler and gcc or clang: without --aot neither is needed" : ""),
            verbose ? "" : text);
    }

    /// <summary>Native AOT for another processor takes clang, lld and that processor's binutils, as Debian names them.</summary>
    private string[] CrossLinking()
    {
        string objectCopy = kind.RuntimeIdentifier == "linux-arm64" ? "aarch64-linux-gnu-objcopy" : "x86_64-linux-gnu-objcopy";
        string[] missing = [.. new[] { "clang", "ld.lld", objectCopy }.Where(tool => ProgramResolver.OnPath(tool) is null)];
        return missing.Length == 0
            ? ["-p:CppCompilerAndLinker=clang", "-p:LinkerFlavor=lld", $"-p:ObjCopyName={objectCopy}"]
            : throw new BuildException(
                $"Native AOT for {kind.RuntimeIdentifier} needs {string.Join(", ", missing)} here (Debian: "
                + "apt-get install clang lld gcc-aarch64-linux-gnu libc6-dev-arm64-cross)",
                "");
    }

    private (int Code, string Output) Run(string project, ProgramCache cache, string output, IEnumerable<string> how)
    {
        ProcessStartInfo start = new(ProgramResolver.DotNet(),
        [
            "publish", project, "-c", kind.Configuration, "-r", kind.RuntimeIdentifier, "-o", output,
            "--artifacts-path", cache.Artifacts, .. how,
            // What is only run needs no second look at its source; source generators still work.
            "-p:RunAnalyzers=false", "-nologo", "-v", verbose ? "minimal" : "quiet", "-nodeReuse:false", "--tl:off",
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(project),
        };
        foreach (string name in InheritedMsBuild)
            start.Environment.Remove(name);

        List<string> lines = [];
        using Process build = new() { StartInfo = start };
        build.OutputDataReceived += Keep;
        build.ErrorDataReceived += Keep;

        // A signal to the launcher ends the build as well.
        using Interruption interruption = new();
        int code = interruption.Guard(
            interrupted =>
            {
                build.Start();
                using CancellationTokenRegistration end = interrupted.Register(() => End(build));
                build.StandardInput.Close();
                build.BeginOutputReadLine();
                build.BeginErrorReadLine();
                build.WaitForExit();
                return build.ExitCode;
            },
            static _ => { });
        lock (lines)
            return (code, string.Join('\n', lines));

        void Keep(object sender, DataReceivedEventArgs received)
        {
            if (received.Data is not { Length: > 0 } line)
                return;
            lock (lines)
                lines.Add(line);
            if (verbose)
                say(line);
        }
    }

    /// <summary>The build and what it has started.</summary>
    private static void End(Process build)
    {
        try
        {
            build.Kill(entireProcessTree: true);
        }
        catch (Exception failure) when (failure is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended by itself: the terminal sends Ctrl-C to both.
        }
    }

    private string Entry(string project, string folder)
    {
        if (kind.NativeAot)
        {
            // The only executable: everything else is a library, symbols or data.
            string[] executables = [.. Directory.EnumerateFiles(folder).Where(IsProgram)];
            return executables.Length == 1
                ? Path.GetFileName(executables[0])
                : throw new BuildException($"{Path.GetFileName(project)} gives no program: is its OutputType Exe?", "");
        }

        string[] configurations = [.. Directory.EnumerateFiles(folder, "*.runtimeconfig.json")];
        if (configurations.Length == 0)
            throw new BuildException($"{Path.GetFileName(project)} gives no program: is its OutputType Exe?", "");

        // Referenced programs bring theirs along.
        string own = Path.Combine(folder, Path.GetFileNameWithoutExtension(project) + ".runtimeconfig.json");
        string chosen = Path.GetFileName(configurations.Contains(own) ? own : configurations[0]);
        string name = chosen[..^".runtimeconfig.json".Length];
        return kind.SelfContained ? name : name + ".dll";
    }

    private static bool IsProgram(string path) =>
        OperatingSystem.IsWindows()
            ? path.EndsWith(".exe", StringComparison.OrdinalIgnoreCase)
            : Path.GetExtension(path) is not (".so" or ".dylib" or ".dbg" or ".dwarf" or ".json" or ".xml" or ".pdb")
                && (File.GetUnixFileMode(path) & UnixFileMode.UserExecute) != 0;

    private static RankCommand Command(string path) => path.EndsWith(".dll", StringComparison.Ordinal)
        ? new RankCommand(ProgramResolver.DotNet(), [path])
        : new RankCommand(path, []);
}

/// <summary>A project could not be built; exit code 1.</summary>
internal sealed class BuildException(string message, string output) : Exception(message)
{
    /// <summary>What the build said, unless it has been shown.</summary>
    public string Output { get; } = output;
}
