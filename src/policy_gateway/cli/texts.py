"""What the program says, in English and German."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy_gateway.cli.phrases import DETAILS, HEADINGS
from policy_gateway.cli.rehearsal.phrases import HELP

GERMAN: Final = "de"
Pair = tuple[str, str]


class Texts:
    """The texts in one *language*: German for ``de``, English for any other. *more* are besides those here."""

    def __init__(self, language: str, more: Mapping[str, Pair] = MappingProxyType({})) -> None:
        self.language = GERMAN if language == GERMAN else "en"
        self._texts = {**SENTENCES, **more}

    def __call__(self, key: str, **values: object) -> str:
        """Return the text *key* with *values* in their places."""
        return self._texts[key][self.language == GERMAN].format_map(values)

    def detail(self, text: str) -> str:
        """Return what an error says; in German where somebody has translated it."""
        return DETAILS.get(text, text) if self.language == GERMAN else text

    def heading(self, text: str) -> str:
        """Return what typer itself says in a help page."""
        return HEADINGS.get(text, text) if self.language == GERMAN else text


SENTENCES: Final[Mapping[str, Pair]] = MappingProxyType(
    {
        **HELP,
        # --- help ---
        "help.program": (
            "Decide, field by field, who may do what with a CRM's contacts, and remember it.",
            "Feld für Feld entscheiden, wer was mit den Kontakten eines CRM darf, und es festhalten.",
        ),
        "help.init": (
            "Make a folder for a gateway: settings, policies, a master key, a database.",
            "Den Ordner eines Gateways anlegen: Einstellungen, Richtlinien, Hauptschlüssel, Datenbank.",
        ),
        "help.serve": ("Run the gateway until Ctrl-C.", "Das Gateway betreiben, bis Strg-C."),
        "help.check": (
            "Look at settings, policies, plugins, database and connections; list all findings.",
            "Einstellungen, Richtlinien, Plugins, Datenbank und Verbindungen prüfen; alle Befunde nennen.",
        ),
        "help.demo": (
            "Run everything on this machine: CRMs with invented people, colleagues, requests to try.",
            "Alles auf diesem Rechner starten: CRMs mit erfundenen Menschen, Kollegen, Anfragen zum Ausprobieren.",
        ),
        "help.token": ("Keys of people and programs.", "Schlüssel von Menschen und Programmen."),
        "help.token issue": (
            "Issue a key. It is shown this once; who it is for must be a member to see anything.",
            "Einen Schlüssel ausstellen. Er wird nur jetzt gezeigt; nur wer Mitglied ist, sieht damit etwas.",
        ),
        "help.token list": ("List the keys of a client.", "Die Schlüssel eines Mandanten auflisten."),
        "help.token revoke": ("End a key now.", "Einen Schlüssel sofort beenden."),
        "help.token wire": (
            "Say what a client of the CRM itself shows, for a key that you are asked for: as a token, or to log in.",
            "Sagen, was ein Client des CRM selbst vorzeigt, zu einem Schlüssel: als Token, oder zum Anmelden.",
        ),
        "help.member": (
            "Who belongs to which team and role.",
            "Wer zu welchem Team und welcher Rolle gehört.",
        ),
        "help.member add": ("Add to teams and roles.", "In Teams und Rollen aufnehmen."),
        "help.member remove": ("Remove from teams and roles.", "Aus Teams und Rollen nehmen."),
        "help.member list": ("List the members of a client.", "Die Mitglieder eines Mandanten auflisten."),
        "help.member describe": (
            "Set attributes, such as owner_id=7001 (who somebody is in a CRM).",
            "Merkmale setzen, etwa owner_id=7001 (wer jemand in einem CRM ist).",
        ),
        "help.connection": ("The CRMs of a client.", "Die CRMs eines Mandanten."),
        "help.connection add": ("Add a CRM.", "Ein CRM hinzufügen."),
        "help.connection change": (
            "Change address, options or secret; what is not given stays.",
            "Adresse, Optionen oder Geheimnis ändern; was nicht genannt wird, bleibt.",
        ),
        "help.connection list": ("List the CRMs of a client.", "Die CRMs eines Mandanten auflisten."),
        "help.connection test": ("Ask a CRM something harmless.", "Ein CRM etwas Harmloses fragen."),
        "help.connection drift": (
            "Compare the fields of a CRM with those that the vocabulary classifies.",
            "Die Felder eines CRM mit denen vergleichen, die das Vokabular einordnet.",
        ),
        "help.connection remove": ("Remove a CRM and its secret.", "Ein CRM und sein Geheimnis entfernen."),
        "help.provenance": ("Where values come from.", "Woher Werte kommen."),
        "help.provenance default": (
            "Set or show what holds for values of which nothing else is known: collected_by=… purposes=a,b",
            "Setzen oder zeigen, was für Werte gilt, zu denen sonst nichts bekannt ist: collected_by=… purposes=a,b",
        ),
        "help.policy": ("Look after the policies.", "Die Richtlinien pflegen."),
        "help.policy lint": ("List every finding, with its place.", "Jeden Befund nennen, mit seinem Ort."),
        "help.policy test": ("Run the expected decisions.", "Die erwarteten Entscheidungen prüfen."),
        "help.policy fmt": ("Align the columns of rule files.", "Die Spalten der Regeldateien ausrichten."),
        "help.policy explain": (
            "Say why somebody sees a field, or not: which rules, on which ground.",
            "Sagen, warum jemand ein Feld sieht oder nicht: welche Regeln, auf welcher Grundlage.",
        ),
        "option.folder": ("The gateway's folder.", "Der Ordner des Gateways."),
        "option.as_json": ("Answer in JSON.", "In JSON antworten."),
        "option.tenant": ("The client.", "Der Mandant."),
        "option.principal": (
            "Who: user:…, app:… or ai:… (team:… for a team).",
            "Wer: user:…, app:… oder ai:… (team:… für ein Team).",
        ),
        "option.purpose": ("What for.", "Wozu."),
        "option.scope": ("What the key may be used for at all.", "Wofür der Schlüssel überhaupt gilt."),
        "option.acting_for": ("On whose behalf, nearest first.", "In wessen Auftrag, der nächste zuerst."),
        "option.expires_in": ("How long it is valid: 12h, 90d, 4w.", "Wie lange er gilt: 12h, 90d, 4w."),
        "option.prefix": ("The key's name, as `token list` shows it.", "Der Name des Schlüssels aus `token list`."),
        "option.names": ("Teams (team:berlin) and roles (agent).", "Teams (team:berlin) und Rollen (agent)."),
        "option.attributes": ("name=value; name= takes it away.", "Name=Wert; Name= nimmt es weg."),
        "option.name": ("The connection's name.", "Der Name der Verbindung."),
        "option.adapter": ("The kind of CRM.", "Die Art des CRM."),
        "option.url": ("Where the CRM is: https://…", "Wo das CRM ist: https://…"),
        "option.option": ("An option of the adapter: name=value.", "Eine Option des Adapters: Name=Wert."),
        "option.secret": (
            "A secret's name: you are asked for it (without a terminal, standard input is read).",
            "Der Name eines Geheimnisses: Sie werden danach gefragt (ohne Terminal von der Standardeingabe).",
        ),
        "option.secret_file": ("A secret from a file: name=path.", "Ein Geheimnis aus einer Datei: Name=Pfad."),
        "option.connection": ("The connection.", "Die Verbindung."),
        "option.resource": ("contact or company.", "contact oder company."),
        "option.parts": ("part=value; none to see them.", "Angabe=Wert; keine, um sie zu sehen."),
        "option.field": ("The field; * for all.", "Das Feld; * für alle."),
        "option.who": (
            "A principal (its teams and roles are looked up), or roles and teams: agent+team:berlin.",
            "Wer anfragt (Teams und Rollen werden nachgesehen), oder Rollen und Teams: agent+team:berlin.",
        ),
        "option.action": ("What is to be done with the field.", "Was mit dem Feld geschehen soll."),
        "option.given": (
            "What is known: 'consent(marketing, phone)=false'.",
            "Was bekannt ist: 'consent(marketing, phone)=false'.",
        ),
        "option.mode": ("normal or breakglass.", "normal oder breakglass."),
        "option.check": ("Change nothing, only tell.", "Nichts ändern, nur sagen."),
        "option.show": (
            "Show the settings in force, and where each was said.",
            "Die geltenden Einstellungen zeigen, und wo jede steht.",
        ),
        "option.host": ("Listen here instead.", "Stattdessen hier lauschen."),
        "option.tls_cert": ("Speak TLS with this certificate (PEM).", "TLS mit diesem Zertifikat sprechen (PEM)."),
        "option.tls_key": ("The certificate's key (PEM).", "Der Schlüssel des Zertifikats (PEM)."),
        "option.port": ("Listen on this port instead.", "Stattdessen auf diesem Port lauschen."),
        # --- usage ---
        "usage.missing": ("missing: {name}", "es fehlt: {name}"),
        "usage.option": ("there is no option {name}", "die Option {name} gibt es nicht"),
        "usage.value": ("{name}: this value cannot be used", "{name}: dieser Wert ist nicht brauchbar"),
        "usage.other": ("{message}", "{message}"),
        "usage.help": ("see: {program} --help", "siehe: {program} --help"),
        "usage.command": (
            "there is no command {name}{meant}: see {program} --help",
            "den Befehl {name} gibt es nicht{meant}: siehe {program} --help",
        ),
        "usage.meant": (" (did you mean {names}?)", " (meinten Sie {names}?)"),
        "usage.pairs": ("write name=value", "schreiben Sie Name=Wert"),
        "error.unexpected": (
            "something unexpected happened ({kind} at {place}): please report this",
            "etwas Unerwartetes ist geschehen ({kind} bei {place}): bitte melden",
        ),
        # --- tables ---
        "head.prefix": ("KEY", "SCHLÜSSEL"),
        "head.principal": ("WHO", "WER"),
        "head.purposes": ("PURPOSES", "ZWECKE"),
        "head.ends": ("ENDS", "ENDET"),
        "head.state": ("STATE", "STAND"),
        "head.names": ("TEAMS AND ROLES", "TEAMS UND ROLLEN"),
        "head.attributes": ("ATTRIBUTES", "MERKMALE"),
        "head.connection": ("CONNECTION", "VERBINDUNG"),
        "head.adapter": ("ADAPTER", "ADAPTER"),
        "head.address": ("ADDRESS", "ADRESSE"),
        "head.options": ("OPTIONS", "OPTIONEN"),
        "head.setting": ("SETTING", "EINSTELLUNG"),
        "head.value": ("VALUE", "WERT"),
        "head.origin": ("SAID IN", "STEHT IN"),
        "state.valid": ("valid", "gültig"),
        "state.expired": ("expired", "abgelaufen"),
        "state.revoked": ("revoked", "widerrufen"),
        # --- init ---
        "init.made": ("made  {path}", "neu   {path}"),
        "init.kept": ("kept  {path}", "alt   {path}"),
        "init.next": (
            "Next: adapt the policies; `policy-gateway check --folder {folder}`. Back up secrets/master_key apart.",
            "Nun: Richtlinien anpassen; `policy-gateway check --folder {folder}`. secrets/master_key extra sichern.",
        ),
        "init.no-key": (
            "{path}: the key of this folder's database is missing: put it back (a new one could not open it)",
            "{path}: der Schlüssel zur Datenbank dieses Ordners fehlt: legen Sie ihn zurück (kein neuer öffnet sie)",
        ),
        # --- tokens and members ---
        "token.once": (
            "This is the only time that the key is shown; `token revoke` knows it as {prefix}.",
            "Der Schlüssel wird nur dieses eine Mal gezeigt; `token revoke` kennt ihn als {prefix}.",
        ),
        "token.none": ("{tenant} has no keys", "{tenant} hat keine Schlüssel"),
        "token.revoked": ("{prefix} is revoked", "{prefix} ist widerrufen"),
        "token.period": (
            "--expires-in is a number of hours, days or weeks: 12h, 90d, 4w",
            "--expires-in ist eine Zahl von Stunden, Tagen oder Wochen: 12h, 90d, 4w",
        ),
        "token.bearer": ("token: {bearer}", "Token: {bearer}"),
        "token.login": (
            "or user name (client id): {name}, and as password (client secret) the key",
            "oder Benutzername (Client-ID): {name}, und als Passwort (Client-Secret) der Schlüssel",
        ),
        "token.not-wired": (
            "no client can use this key as {name}: it is not valid, or purpose or connection are not its own",
            "als {name} nützt dieser Schlüssel nichts: er gilt nicht, oder Zweck oder Verbindung sind nicht die seinen",
        ),
        "token.tenant": (
            "the policies have no client {tenant}, or it has mandated no purpose",
            "die Richtlinien kennen keinen Mandanten {tenant}, oder er hat keinen Zweck beauftragt",
        ),
        "token.purposes": (
            "say with --purpose what the key is for: {known}",
            "sagen Sie mit --purpose, wozu der Schlüssel dient: {known}",
        ),
        "token.purpose": (
            "{tenant} has not mandated {wrong}: it has {known}",
            "{tenant} hat {wrong} nicht beauftragt, sondern {known}",
        ),
        "tenant.unknown": (
            "the policies have no client {tenant}: they have {known}",
            "die Richtlinien kennen keinen Mandanten {tenant}, sondern {known}",
        ),
        "member.added": ("{principal} is in {names}", "{principal} gehört zu {names}"),
        "member.removed": ("{principal} is no longer in {names}", "{principal} gehört nicht mehr zu {names}"),
        "member.described": ("{principal}: {names} set", "{principal}: {names} gesetzt"),
        "member.unknown": ("no rule speaks of {name}", "keine Regel spricht von {name}"),
        "member.missing": ("{principal} was not in {names}", "{principal} gehörte nicht zu {names}"),
        "member.none": ("{tenant} has no members", "{tenant} hat keine Mitglieder"),
        # --- connections and provenance ---
        "secret.argument": (
            "secrets are never arguments, which others can see: give the name only, or --secret-file name=path",
            "Geheimnisse sind nie Argumente, die andere sehen: nur den Namen, oder --secret-file Name=Pfad",
        ),
        "secret.file": ("write --secret-file name=path", "schreiben Sie --secret-file Name=Pfad"),
        "secret.empty": ("empty: {names}", "leer: {names}"),
        "secret.prompt": ("{name}: ", "{name}: "),
        "connection.adapter": (
            "no plugin for {name} is installed: there is {known}",
            "für {name} ist kein Plugin installiert, sondern für {known}",
        ),
        "connection.added": ("{tenant} has {name}", "{tenant} hat {name}"),
        "connection.changed": ("{name} of {tenant} is changed", "{name} von {tenant} ist geändert"),
        "connection.removed": ("{name} of {tenant} is removed", "{name} von {tenant} ist entfernt"),
        "connection.dropped": (
            "it points to another place now, so what was stored for the old one is gone",
            "sie zeigt nun woandershin, darum ist gelöscht, was für den alten Ort hinterlegt war",
        ),
        "connection.none": ("{tenant} has no connections", "{tenant} hat keine Verbindungen"),
        "connection.works": ("ok     {subject}: {detail}", "gut    {subject}: {detail}"),
        "connection.fails": ("wrong  {subject}: {detail}", "falsch {subject}: {detail}"),
        "connection.configuration": ("configuration", "Einrichtung"),
        "connection.catalogue": ("what the CRM describes", "was das CRM beschreibt"),
        "drift.none": ("nothing has drifted", "nichts ist auseinandergelaufen"),
        "drift.unclassified": (
            "{field}: the CRM has it, the vocabulary does not: hidden from everybody",
            "{field}: hat das CRM, das Vokabular nicht: für alle verborgen",
        ),
        "drift.vanished": (
            "{field}: the vocabulary has it, the CRM does not",
            "{field}: hat das Vokabular, das CRM nicht",
        ),
        "provenance.none": (
            "nothing is said of {resource} of {connection} (field {field})",
            "zu {resource} von {connection} (Feld {field}) ist nichts gesagt",
        ),
        "provenance.unconnected": (
            "{tenant} has no connection {connection} yet",
            "{tenant} hat noch kein {connection}",
        ),
        # --- check ---
        "check.works": ("ok     {subject}: {detail}", "gut    {subject}: {detail}"),
        "check.fails": ("wrong  {subject}: {detail}", "falsch {subject}: {detail}"),
        "check.settings": ("settings", "Einstellungen"),
        "check.tls": ("tls", "TLS"),
        "check.certified": ("{path}, good for {names} until {end}", "{path}, gilt für {names} bis {end}"),
        "check.ended": ("{path}: the certificate ended on {end}", "{path}: das Zertifikat galt bis {end}"),
        "check.policies": ("policies", "Richtlinien"),
        "check.plugins": ("plugins", "Plugins"),
        "check.database": ("database", "Datenbank"),
        "check.connection": ("connection", "Verbindung"),
        "check.rules": ("{count} rules, version {version}", "{count} Regeln, Version {version}"),
        "check.stranger": (
            "{tenant} has connections, but the policies have no such client",
            "{tenant} hat Verbindungen, aber die Richtlinien kennen diesen Mandanten nicht",
        ),
        # --- policies ---
        "policies.missing": ("{folder}: there is no such folder", "{folder}: diesen Ordner gibt es nicht"),
        "lint.clean": ("{folder}: no findings", "{folder}: keine Befunde"),
        "lint.found": ("{folder}: {count} findings", "{folder}: {count} Befunde"),
        "test.run": ("{run} cases, {failed} failed", "{run} Fälle, {failed} fehlgeschlagen"),
        "fmt.done": ("formatted {path}", "ausgerichtet {path}"),
        "fmt.would": ("not formatted: {path}", "nicht ausgerichtet: {path}"),
        "explain.level": (
            "{field}: {level} for {who} of {tenant} ({action}, {purpose})",
            "{field}: {level} für {who} bei {tenant} ({action}, {purpose})",
        ),
        "explain.none": (
            "{field}: withheld from {who} of {tenant} ({action}, {purpose})",
            "{field}: verborgen vor {who} bei {tenant} ({action}, {purpose})",
        ),
        "explain.granting": ("Granted by", "Gewährt durch"),
        "explain.capping": ("Limited by", "Begrenzt durch"),
        "explain.condition": ("Condition: {condition}", "Bedingung: {condition}"),
        "explain.ground": ("Ground: {ground}", "Grundlage: {ground}"),
        "explain.path": ("By: {path}", "Über: {path}"),
        "explain.obligations": ("Obliges to: {obligations}", "Verpflichtet zu: {obligations}"),
        "explain.unknown": (
            "Not known, and so decided against: {conditions}",
            "Nicht bekannt, darum dagegen entschieden: {conditions}",
        ),
        "explain.try": ("Try: --given '{given}'", "Versuchen Sie: --given '{given}'"),
        "explain.assumed": (
            "Assumed (say otherwise with --given): {given}",
            "Angenommen (mit --given anders zu sagen): {given}",
        ),
        "explain.near": ("Rules that nearly applied:", "Regeln, die beinahe gegolten hätten:"),
        "explain.differs": ("another {what}: {wants}", "{what} anders: {wants}"),
        "explain.silent": ("No rule speaks of this.", "Keine Regel spricht davon."),
        "differs.field": ("field", "Feld"),
        "differs.role": ("role", "Rolle"),
        "differs.condition": ("condition", "Bedingung"),
        "differs.purpose": ("purpose", "Zweck"),
        "differs.action": ("action", "Handlung"),
        "differs.level": ("level", "Stufe"),
        "differs.mode": ("mode", "Modus"),
        "explain.action": ("there is no action {wrong}: {known}", "die Handlung {wrong} gibt es nicht: {known}"),
        "explain.purpose": (
            "{wrong} is no purpose that can be called: {known}",
            "{wrong} ist kein Zweck, der sich aufrufen lässt: {known}",
        ),
        "explain.who": (
            "no rule speaks of {wrong}: they speak of {known}",
            "keine Regel spricht von {wrong}, sondern von {known}",
        ),
        "explain.mode": ("there is no mode {wrong}: {known}", "den Modus {wrong} gibt es nicht: {known}"),
        "explain.given": (
            "{text}: write condition=true, =false or =unknown; rules ask for {known}",
            "{text}: schreiben Sie Bedingung=true, =false oder =unknown; Regeln fragen nach {known}",
        ),
    }
)
