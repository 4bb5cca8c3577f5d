using System.Globalization;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Projects are built when they have to be, and only then.</summary>
public sealed class PublishTests
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <InvariantGlobalization>true</InvariantGlobalization>
          </PropertyGroup>
        </Project>
        """;

    [Fact]
    public async Task A_project_is_built_once_and_again_when_a_source_changes()
    {
        using TemporaryFolder folder = new();
        await WriteAsync(folder, "hello.csproj", Project);
        await WriteAsync(folder, "Program.cs", Hello("first"));

        // Two launchers at a time: one builds, the other waits and takes the same program.
        await using Boxer one = Boxer.Start("run", "-n", "2", folder.Path, "argument");
        await using Boxer two = Boxer.Start("run", "-n", "2", folder.File("hello.csproj"), "argument");
        BoxerResult[] both = await Task.WhenAll(one.EndAsync(TimeSpan.FromMinutes(8)), two.EndAsync(TimeSpan.FromMinutes(8)));
        foreach (BoxerResult result in both)
            Assert.Equal(["[0] first argument", "[1] first argument"], result.ExitsWith(0).Output.Order());
        Assert.Single(both.SelectMany(result => result.Error), line => line.Contains("building", StringComparison.Ordinal));

        BoxerResult unchanged = (await Boxer.RunAsync("run", "-n", "1", folder.Path)).ExitsWith(0);
        Assert.Empty(unchanged.Error);

        await WriteAsync(folder, "Program.cs", Hello("second"));
        await using Boxer three = Boxer.Start("run", "-n", "1", folder.Path, "argument");
        Assert.Equal(["[0] second argument"], (await three.EndAsync(TimeSpan.FromMinutes(8))).ExitsWith(0).Output);

        // A program that does not build shows why, and nothing runs.
        await WriteAsync(folder, "Program.cs", "nonsense");
        await using Boxer four = Boxer.Start("run", "-n", "1", folder.Path);
        BoxerResult broken = (await four.EndAsync(TimeSpan.FromMinutes(8))).ExitsWith(1);
        Assert.Empty(broken.Output);
        Assert.Contains(broken.Error, line => line.Contains("Program.cs(1,", StringComparison.Ordinal));
        Assert.Contains("hello.csproj does not build", broken.Error[^1], StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_project_is_built_as_native_code_when_asked_for()
    {
        using TemporaryFolder folder = new();
        await WriteAsync(folder, "native.csproj", Project);
        await WriteAsync(folder, "Program.cs", "Console.WriteLine(System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported);");
        await using Boxer first = Boxer.Start("run", "-n", "2", "--aot", folder.Path);
        Assert.Equal(["[0] False", "[1] False"], (await first.EndAsync(TimeSpan.FromMinutes(8))).ExitsWith(0).Output.Order());
        Assert.Empty((await Boxer.RunAsync("run", "-n", "2", "--aot", folder.Path)).ExitsWith(0).Error);
    }

    /// <summary>Ctrl-C twice, as people do it: the second one finds the build ended and boxer about to go.</summary>
    [Theory]
    [InlineData(NativeMethods.SigInt, "run", "-n", "1")]
    [InlineData(NativeMethods.SigTerm, "run", "-n", "1")]
    [InlineData(NativeMethods.SigInt, "rank", "--seed", "127.0.0.1:1", "--job", "none")]
    [InlineData(NativeMethods.SigInt, "lambda", "deploy", "--dry-run")]
    public async Task Signals_end_a_build_and_boxer_however_many_come(int signal, params string[] command)
    {
        using TemporaryFolder folder = new();
        await WriteAsync(folder, "hello.csproj", Project);
        string compiler = folder.Script("dotnet", "#!/bin/sh\necho compiles $$\nsleep 1000\n");
        await using Boxer boxer = Boxer.StartWith(
            [new("DOTNET_HOST_PATH", compiler), new("BOXER_TOKEN", new string('1', 64)), new("AWS_REGION", "eu-central-1")],
            [.. command, "--verbose", folder.Path]);
        string line = await boxer.Error.WaitForAsync("compiles ");
        int build = int.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        for (int i = 0; i < 3; i++)
            boxer.Signal(signal);
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(128 + signal);
        Assert.All(result.Error, said => Assert.StartsWith("boxer: ", said, StringComparison.Ordinal));
        await ProcessList.GoneAsync([build]);
    }

    private static string Hello(string word) => $"Console.WriteLine(\"{word} \" + string.Join(' ', args));";

    private static Task WriteAsync(TemporaryFolder folder, string name, string text) =>
        File.WriteAllTextAsync(folder.File(name), text, TestContext.Current.CancellationToken);
}
